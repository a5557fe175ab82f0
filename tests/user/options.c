/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command lines of the user programs under test.
 */
#include "tests/user/util.h"

unsigned long parse_number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		usage("'%s' is not a number", text);
	return value;
}

static const struct user_option *find_option(const struct user_option *options, const char *name,
					     size_t length)
{
	for (; options->name; options++)
		if (strlen(options->name) == length && !strncmp(options->name, name, length))
			return options;
	usage("unknown option --%s", name);
}

/* Takes the option at argv[at]; returns how many words it had. */
static int parse_option(char **argv, int at, const struct user_option *options)
{
	const char *name = argv[at] + 2, *value = strchr(name, '=');
	size_t length = value ? (size_t)(value - name) : strlen(name);
	const struct user_option *option = find_option(options, name, length);
	int words = 1;

	if (option->kind == OPTION_FLAG) {
		if (value)
			usage("--%s takes no value", option->name);
		*(bool *)option->value = true;
		return words;
	}
	if (value) {
		value++;
	} else {
		value = argv[at + 1];
		words = 2;
	}
	if (!value)
		usage("--%s needs a value", option->name);
	if (option->kind == OPTION_NUMBER)
		*(unsigned long *)option->value = parse_number(value);
	else
		*(const char **)option->value = value;
	return words;
}

int parse_options(int argc, char **argv, const struct user_option *options)
{
	int at = 1, left = 0;

	while (at < argc) {
		if (!strncmp(argv[at], "--", 2))
			at += parse_option(argv, at, options);
		else
			argv[++left] = argv[at++];
	}
	return left;
}
