/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsnprintf: text from a format and its arguments, with the C standard's meaning for the part of
 * it that kernel/printk.h lists, and %pS and %pB for addresses. No locks, no state: any context,
 * NMI too. tests/host/test_printf.c compares it with the C library's.
 */
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/symbols.h"

struct out {
	char *buf;
	size_t size;
	size_t len; /* what would have been written, cut or not */
};

struct spec {
	bool left, zero, alt;
	bool upper, negative;
	int width;
	int precision; /* -1: none given */
	int length;    /* -2 hh, -1 h, 0 int, 1 l, 2 ll, 3 z */
};

static void out_char(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void out_repeat(struct out *out, char c, int n)
{
	while (n-- > 0)
		out_char(out, c);
}

static void out_padded(struct out *out, const struct spec *spec, const char *s, int n)
{
	if (!spec->left)
		out_repeat(out, ' ', spec->width - n);
	for (int i = 0; i < n; i++)
		out_char(out, s[i]);
	if (spec->left)
		out_repeat(out, ' ', spec->width - n);
}

static void out_string(struct out *out, const struct spec *spec, const char *s)
{
	size_t max = spec->precision >= 0 ? (size_t)spec->precision : (size_t)INT32_MAX;

	if (!s)
		s = "(null)";
	out_padded(out, spec, s, (int)strnlen(s, max));
}

/* The digits of @value, last one first; their number. None for 0. */
static int number_digits(char *digits, u64 value, unsigned int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; value; value /= base)
		digits[n++] = set[value % base];
	return n;
}

static const char *number_prefix(const struct spec *spec, u64 value, unsigned int base)
{
	if (spec->negative)
		return "-";
	if (spec->alt && base == 16 && value)
		return spec->upper ? "0X" : "0x";
	return "";
}

static void out_number(struct out *out, const struct spec *spec, u64 value, unsigned int base)
{
	char digits[24];
	const char *prefix = number_prefix(spec, value, base);
	int n = number_digits(digits, value, base, spec->upper);
	int zeros = (spec->precision < 0 ? 1 : spec->precision) - n;
	int room = spec->width - (int)strlen(prefix) - n;

	if (spec->alt && base == 8 && zeros <= 0)
		zeros = 1;
	if (spec->zero && !spec->left && spec->precision < 0)
		zeros = max(zeros, room);
	room -= max(zeros, 0);
	if (!spec->left)
		out_repeat(out, ' ', room);
	while (*prefix)
		out_char(out, *prefix++);
	out_repeat(out, '0', zeros);
	while (n > 0)
		out_char(out, digits[--n]);
	if (spec->left)
		out_repeat(out, ' ', room);
}

static void out_pointer(struct out *out, struct spec *spec, const void *ptr)
{
	spec->alt = true;
	if (ptr)
		out_number(out, spec, (u64)ptr, 16);
	else
		out_padded(out, spec, "(nil)", 5);
}

/*
 * symbol+0xoffset/0xsize, or the bare address if no function holds it. @back is 1 for a return
 * address: the call before it may be the last thing in its function.
 */
static void out_symbol(struct out *out, const void *ptr, unsigned int back)
{
	struct spec plain = { .precision = -1, .alt = true };
	unsigned long offset, size;
	const char *name = symbol_lookup((unsigned long)ptr - back, &offset, &size);

	if (!name) {
		out_pointer(out, &plain, ptr);
		return;
	}
	offset += back;
	out_string(out, &plain, name);
	out_string(out, &plain, offset ? "+" : "+0x");
	out_number(out, &plain, offset, 16);
	out_char(out, '/');
	out_number(out, &plain, size, 16);
}

static u64 unsigned_arg(int length, va_list *ap)
{
	switch (length) {
	case -2:
		return (u8)va_arg(*ap, unsigned int);
	case -1:
		return (u16)va_arg(*ap, unsigned int);
	case 0:
		return va_arg(*ap, unsigned int);
	default:
		return va_arg(*ap, unsigned long);
	}
}

static u64 signed_arg(struct spec *spec, va_list *ap)
{
	s64 value = (s64)unsigned_arg(spec->length, ap);

	if (spec->length == -2)
		value = (s8)value;
	else if (spec->length == -1)
		value = (s16)value;
	else if (spec->length == 0)
		value = (s32)value;
	spec->negative = value < 0;
	return value < 0 ? -(u64)value : (u64)value;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == '-')
			spec->left = true;
		else if (*fmt == '0')
			spec->zero = true;
		else if (*fmt == '#')
			spec->alt = true;
		else
			return fmt;
	}
}

static const char *parse_count(const char *fmt, int *count, va_list *ap)
{
	if (*fmt == '*') {
		*count = va_arg(*ap, int);
		return fmt + 1;
	}
	for (*count = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*count = *count * 10 + (*fmt - '0');
	return fmt;
}

static const char *parse_length(const char *fmt, int *length)
{
	for (;; fmt++) {
		if (*fmt == 'h')
			--*length;
		else if (*fmt == 'l')
			++*length;
		else if (*fmt == 'z')
			*length = 3;
		else
			return fmt;
	}
}

static const char *parse_spec(const char *fmt, struct spec *spec, va_list *ap)
{
	fmt = parse_flags(fmt, spec);
	fmt = parse_count(fmt, &spec->width, ap);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = -spec->width;
	}
	if (*fmt == '.')
		fmt = parse_count(fmt + 1, &spec->precision, ap);
	return parse_length(fmt, &spec->length);
}

/* One conversion, @fmt standing behind its '%'; where the format goes on. */
static const char *out_conversion(struct out *out, const char *fmt, va_list *ap)
{
	struct spec spec = { .precision = -1 };
	char c;

	fmt = parse_spec(fmt, &spec, ap);
	spec.upper = *fmt == 'X';
	switch (*fmt) {
	case 'd':
	case 'i':
		out_number(out, &spec, signed_arg(&spec, ap), 10);
		break;
	case 'u':
		out_number(out, &spec, unsigned_arg(spec.length, ap), 10);
		break;
	case 'x':
	case 'X':
		out_number(out, &spec, unsigned_arg(spec.length, ap), 16);
		break;
	case 'o':
		out_number(out, &spec, unsigned_arg(spec.length, ap), 8);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		out_padded(out, &spec, &c, 1);
		break;
	case 's':
		out_string(out, &spec, va_arg(*ap, const char *));
		break;
	case 'p':
		if (fmt[1] != 'S' && fmt[1] != 'B') {
			out_pointer(out, &spec, va_arg(*ap, const void *));
			break;
		}
		out_symbol(out, va_arg(*ap, const void *), fmt[1] == 'B');
		fmt++;
		break;
	case '%':
		out_char(out, '%');
		break;
	default: /* not a conversion: shown as it stands, so that it is found */
		out_char(out, '%');
		return fmt;
	}
	return fmt + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out out = { .buf = buf, .size = size };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt == '%')
			fmt = out_conversion(&out, fmt + 1, &args);
		else
			out_char(&out, *fmt++);
	}
	va_end(args);
	if (size)
		buf[min(out.len, size - 1)] = '\0';
	return (int)out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}
