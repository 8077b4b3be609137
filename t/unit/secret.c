
/*
 * Copyright (C) convrelay contributors
 *
 * Values of the environment as people get them wrong.
 */


#include "convrelay_secret.h"
#include "tap.h"


static void test_control(void);
static void test_quoted(void);
static void test_placeholder(void);
static void test_name(void);
static convrelay_str_t str(const char *text);


int
main(void)
{
    test_control();
    test_quoted();
    test_placeholder();
    test_name();

    return tap_done();
}


static void
test_control(void)
{
    int              c, want;
    u_char           byte[] = "a.b";
    convrelay_str_t  value;

    value.data = byte;
    value.len = 3;

    for (c = 0; c < 256; c++) {
        byte[1] = c;
        want = ((c < 32 && c != '\t') || c == 127) ? c : -1;

        if (convrelay_secret_control(&value) != want) {
            break;
        }
    }

    tap_ok(c == 256, "which bytes are control characters");

    byte[1] = 'x';
    byte[2] = '\n';
    tap_ok(convrelay_secret_control(&value) == '\n', "at the end");

    byte[0] = '\r';
    tap_ok(convrelay_secret_control(&value) == '\r', "the first of two");

    value.len = 0;
    tap_ok(convrelay_secret_control(&value) == -1, "none in an empty value");
}


static void
test_quoted(void)
{
    unsigned         i;
    convrelay_str_t  value;

    static const char *const  quoted[] = {
        "\"a\"", "'a'", "\"\"", "''", "\"a\"b\""
    };

    static const char *const  others[] = {
        "", "a", "\"", "'", "\"a", "a\"", "\"a'", "'a\"", "`a`"
    };

    for (i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
        value = str(quoted[i]);
        tap_ok(convrelay_secret_is_quoted(&value), "quoted: %s", quoted[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        value = str(others[i]);
        tap_ok(!convrelay_secret_is_quoted(&value), "not quoted: %s",
               others[i]);
    }
}


static void
test_placeholder(void)
{
    unsigned         i;
    convrelay_str_t  value;

    static const char *const  placeholders[] = {
        "sk-...", "...", "sk-\xe2\x80\xa6", "YOUR-HOST",
        "$convrelay_env_KEY", "${convrelay_env_KEY}", "your_openai_key",
        "Your key", "<auth token>", "<>", "changeme", "ChangeMe", "REPLACE_ME",
        "TODO", "xxxx", "sk-XXXXxxxx", "ACXXXXXXXXXXXXXXXX"
    };

    static const char *const  others[] = {
        "", "x", "xxx", "sk-xxx", "xxxxa", "sk-1234..", "..", "...a", "yours",
        "your.host.example", "todo-list", "<a", "a>", "0123456789abcdef",
        "1234abcd.ngrok.app", "a changeme", "changeme2"
    };

    for (i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        value = str(placeholders[i]);
        tap_ok(convrelay_secret_is_placeholder(&value), "placeholder: %s",
               placeholders[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        value = str(others[i]);
        tap_ok(!convrelay_secret_is_placeholder(&value),
               "no placeholder: %s", others[i]);
    }
}


static void
test_name(void)
{
    unsigned         i;
    convrelay_str_t  name;

    static const char *const  secrets[] = {
        "OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "TICKET_SECRET", "db_password",
        "_KEY"
    };

    static const char *const  others[] = {
        "", "KEY", "OPENAI_MODEL", "MONKEY", "API_KEY_FILE", "NGROK_URL",
        "TOKENS"
    };

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        name = str(secrets[i]);
        tap_ok(convrelay_secret_is_name(&name), "secret: %s", secrets[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        name = str(others[i]);
        tap_ok(!convrelay_secret_is_name(&name), "not secret: %s", others[i]);
    }
}


static convrelay_str_t
str(const char *text)
{
    convrelay_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}
