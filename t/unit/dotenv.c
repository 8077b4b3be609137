
/*
 * Copyright (C) convrelay contributors
 *
 * Env files.  A case's outcome is a transcript: one "LINE NAME=[VALUE]" an
 * entry, "LINE NAME" a name alone and "LINE !ERROR" a line that is none.  What
 * is expanded: OTHER is "other", EMPTY is "", LINES are "\n1\n2\n".
 */


#include "tap.h"
#include "convrelay_dotenv.h"


#define bytes(s)  s, sizeof(s) - 1


typedef struct {
    const char *name;
    const char *in;
    size_t      len;
    const char *want;
} dotenv_case_t;


static const dotenv_case_t  dotenv_cases[] = {

    { "an empty file", bytes(""), "" },
    { "an entry", bytes("A=b\n"), "1 A=[b]\n" },
    { "no newline at the end", bytes("A=b"), "1 A=[b]\n" },
    { "two entries", bytes("A=b\nC=d\n"), "1 A=[b]\n2 C=[d]\n" },
    { "the same name twice is the caller's business",
      bytes("A=b\nA=c\n"), "1 A=[b]\n2 A=[c]\n" },

    /* values */

    { "an empty value", bytes("A=\nB=\n"), "1 A=[]\n2 B=[]\n" },
    { "an empty value at the end", bytes("A="), "1 A=[]\n" },
    { "\"=\" in a value", bytes("A=b=c==\n"), "1 A=[b=c==]\n" },
    { "spaces in a value", bytes("A=b c  d\n"), "1 A=[b c  d]\n" },
    { "spaces around a value are not part of it",
      bytes("A= \t b \t \n"), "1 A=[b]\n" },
    { "spaces around \"=\"", bytes("  A \t= b\n"), "1 A=[b]\n" },
    { "no escapes without quotes",
      bytes("A=a\\nb\\\\\n"), "1 A=[a\\nb\\\\]\n" },
    { "quotes within an unquoted value stay",
      bytes("A=it's \"so\"\n"), "1 A=[it's \"so\"]\n" },
    { "UTF-8", bytes("A=\xc3\xa9\n"), "1 A=[\xc3\xa9]\n" },

    /* names in values */

    { "a name is expanded",
      bytes("A=${OTHER}\nB=a ${OTHER}b\nC=${OTHER}${OTHER}\n"),
      "1 A=[other]\n2 B=[a otherb]\n3 C=[otherother]\n" },
    { "in double quotes, too",
      bytes("A=\"${OTHER}\\n${OTHER}\"\n"), "1 A=[other\nother]\n" },
    { "not in single quotes",
      bytes("A='${OTHER} ${OTHER:-b}'\n"), "1 A=[${OTHER} ${OTHER:-b}]\n" },
    { "one that is not set, or empty",
      bytes("A=a${NONE}b\nC=a${EMPTY}b\n"), "1 A=[ab]\n2 C=[ab]\n" },
    { "has a default",
      bytes("A=${NONE:-d e}\nB=${EMPTY:-d}\nC=${OTHER:-d}\nD=${NONE:-}\n"),
      "1 A=[d e]\n2 B=[d]\n3 C=[other]\n4 D=[]\n" },
    { "in which nothing is expanded",
      bytes("A=${NONE:-${OTHER}}\n"), "1 A=[${OTHER}]\n" },
    { "a value is not expanded again",
      bytes("A=${DOLLAR}\n"), "1 A=[${OTHER}]\n" },
    { "without braces a name is text",
      bytes("A=$OTHER pa$$w`o`\nB=\"$OTHER\"\nC=$\n"),
      "1 A=[$OTHER pa$$w`o`]\n2 B=[$OTHER]\n3 C=[$]\n" },
    { "so is what has no name, or no end",
      bytes("A=${}${9}${A-B}${ A}\nB=${OTHER\nC=${OTHER:-\nD=${OTHER:\nE=${\n"
            "F=${OTHER:d}\n"),
      "1 A=[${}${9}${A-B}${ A}]\n2 B=[${OTHER]\n3 C=[${OTHER:-]\n"
      "4 D=[${OTHER:]\n5 E=[${]\n6 F=[${OTHER:d}]\n" },
    { "an escaped one in double quotes",
      bytes("A=\"\\${OTHER} \\$5\"\n"), "1 A=[${OTHER} $5]\n" },
    { "an escaped backslash before one",
      bytes("A=\"\\\\${OTHER}\"\n"), "1 A=[\\other]\n" },
    { "there are no escapes without quotes",
      bytes("A=\\${OTHER}\n"), "1 A=[\\other]\n" },
    { "a comment in one",
      bytes("A=${OTHER #}\n"), "1 A=[${OTHER]\n" },
    { "white space around it",
      bytes("A=\t${LINES} \nB=\"${LINES} \"\n"),
      "1 A=[1\n2]\n2 B=[1\n2\n ]\n" },

    /* comments and empty lines */

    { "lines of comment", bytes("# A=b\n  #\n\t# \"\nC=d\n"), "4 C=[d]\n" },
    { "only a comment, no newline", bytes("#"), "" },
    { "empty lines count", bytes("\n \n\t\nA=b\n\n"), "4 A=[b]\n" },
    { "a comment after white space",
      bytes("A=b # c\nD=e\t#f\n"), "1 A=[b]\n2 D=[e]\n" },
    { "\"#\" in a word is not a comment",
      bytes("A=b#c\nD=e#f # g\n"), "1 A=[b#c]\n2 D=[e#f]\n" },
    { "\"#\" right after \"=\" is a value",
      bytes("A=#b\n"), "1 A=[#b]\n" },
    { "an empty value and a comment",
      bytes("A= # say here\nB=c\n"), "1 A=[]\n2 B=[c]\n" },
    { "a quote in a comment opens nothing",
      bytes("A=b # it's\nC=d\n"), "1 A=[b]\n2 C=[d]\n" },

    /* export */

    { "export", bytes("export A=b\nexport\tC=d\n"), "1 A=[b]\n2 C=[d]\n" },
    { "a name that begins with export",
      bytes("exports=b\nexport_A=c\n"), "1 exports=[b]\n2 export_A=[c]\n" },
    { "a name that is export",
      bytes("export=b\nexport =c\n"), "1 export=[b]\n2 export=[c]\n" },
    { "export of export", bytes("export export=b\n"), "1 export=[b]\n" },
    { "export of a name alone",
      bytes("export A\nB=c\n"), "1 A\n2 B=[c]\n" },

    /* single quotes */

    { "single quotes keep spaces and \"#\"",
      bytes("A=' b # c '\n"), "1 A=[ b # c ]\n" },
    { "single quotes are literal",
      bytes("A='\\n\\t\\x$B\"'\n"), "1 A=[\\n\\t\\x$B\"]\n" },
    { "except \\\\ and \\'",
      bytes("A='it\\'s \\\\'\n"), "1 A=[it's \\]\n" },
    { "empty single quotes", bytes("A=''\n"), "1 A=[]\n" },
    { "a comment after single quotes",
      bytes("A='b' # c\nD='e'#f\n"), "1 A=[b]\n2 D=[e]\n" },

    /* double quotes */

    { "double quotes keep spaces and \"#\"",
      bytes("A=\" b # c \"\n"), "1 A=[ b # c ]\n" },
    { "escapes in double quotes",
      bytes("A=\"1\\n2\\r3\\t4\\\\5\\\"6\\'7\"\n"),
      "1 A=[1\n2\r3\t4\\5\"6'7]\n" },
    { "rarer ones",
      bytes("A=\"\\a\\b\\f\\v\"\n"), "1 A=[\a\b\f\v]\n" },
    { "other escapes stay as they are",
      bytes("A=\"\\d\\u0041\\N\"\n"), "1 A=[\\d\\u0041\\N]\n" },
    { "an escaped backslash does not escape the quote",
      bytes("A=\"b\\\\\"\nC=\"d\"\n"), "1 A=[b\\]\n2 C=[d]\n" },
    { "an escaped backslash does not escape an n",
      bytes("A=\"b\\\\n\"\n"), "1 A=[b\\n]\n" },
    { "single quotes in double quotes",
      bytes("A=\"it's\"\n"), "1 A=[it's]\n" },
    { "empty double quotes", bytes("A=\"\""), "1 A=[]\n" },
    { "spaces after the closing quote",
      bytes("A=\"b\" \t \nC=d\n"), "1 A=[b]\n2 C=[d]\n" },

    /* several lines */

    { "a quoted value of several lines",
      bytes("A=\"b\n# c\n\nd\"\nE=f\n"), "1 A=[b\n# c\n\nd]\n5 E=[f]\n" },
    { "in single quotes, too",
      bytes("A='b\nc' # d\nE=f\n"), "1 A=[b\nc]\n3 E=[f]\n" },
    { "CRLF in it becomes LF",
      bytes("A=\"b\r\nc\"\r\nE=f\r\n"), "1 A=[b\nc]\n3 E=[f]\n" },
    { "line ends around it are dropped",
      bytes("A=\"\r\nb\n\n\"\nC='\nd\r'\nE=\"f\\r\\n\"\nG=\"\n\""),
      "1 A=[b]\n5 C=[d]\n8 E=[f]\n9 G=[]\n" },
    { "blanks are not",
      bytes("A=\" b \\n\"\nC='\n\td\t'\n"), "1 A=[ b ]\n2 C=[\td\t]\n" },
    { "a backslash before the newline stays",
      bytes("A=\"b\\\nc\"\nE=f\n"), "1 A=[b\\\nc]\n3 E=[f]\n" },
    { "a backslash before CRLF stays",
      bytes("A=\"b\\\r\nc\"\nE=f\n"), "1 A=[b\\\nc]\n3 E=[f]\n" },

    /* line ends and the mark */

    { "CRLF", bytes("A=b\r\n\r\nC=d \r\n"), "1 A=[b]\n3 C=[d]\n" },
    { "CRLF after an empty value",
      bytes("A=\r\nB=c\r\n"), "1 A=[]\n2 B=[c]\n" },
    { "CRLF after a comment",
      bytes("# x\r\nA=b # c\r\nD=e"), "2 A=[b]\n3 D=[e]\n" },
    { "CRLF after quotes",
      bytes("A='b'\r\nC=\"d\"\r\n"), "1 A=[b]\n2 C=[d]\n" },
    { "CR alone", bytes("A=b\rC=d\r"), "1 A=[b]\n2 C=[d]\n" },
    { "CR alone within quotes keeps the count",
      bytes("A='b\rc'\rD=e"), "1 A=[b\rc]\n3 D=[e]\n" },
    { "a byte order mark is skipped",
      bytes("\xef\xbb\xbf" "A=b\n"), "1 A=[b]\n" },
    { "only a byte order mark", bytes("\xef\xbb\xbf"), "" },
    { "a byte order mark later is an error",
      bytes("A=b\n\xef\xbb\xbf" "C=d\n"),
      "1 A=[b]\n2 !an invalid name\n" },

    /* names */

    { "names", bytes("_=1\na.B_9=2\n"), "1 _=[1]\n2 a.B_9=[2]\n" },
    { "a name does not begin with a digit",
      bytes("9A=b\nC=d\n"), "1 !an invalid name\n2 C=[d]\n" },
    { "nor with a dot", bytes(".A=b\n"), "1 !an invalid name\n" },
    { "a name has no dash",
      bytes("A-B=c\n"), "1 !an invalid character in the name\n" },
    { "a name has no quotes", bytes("'A'=b\n"), "1 !an invalid name\n" },
    { "no name at all", bytes("=b\n"), "1 !an invalid name\n" },

    { "a name alone", bytes("\nA\nB=c\n"), "2 A\n3 B=[c]\n" },
    { "a name alone at the end", bytes("A"), "1 A\n" },
    { "a name alone, and CRLF", bytes("A \r\nB\r\n"), "1 A\n2 B\n" },
    { "a name alone, and a comment", bytes("A # b=c\nB#\n"),
      "1 A\n2 !an invalid character in the name\n" },
    { "\"export\" alone", bytes("export\n"), "1 export\n" },

    /* lines that are none */

    { "words", bytes("some words\n"), "1 !no \"=\" after the name\n" },
    { "text after the closing quote",
      bytes("A=\"b\"c\nD='e' f\nG=h\n"),
      "1 !text after the closing quote\n"
      "2 !text after the closing quote\n3 G=[h]\n" },
    { "no closing quote: the line where it opened",
      bytes("A=b\nC=\"d\nE=f\n"),
      "1 A=[b]\n2 !no closing quote\n3 E=[f]\n" },
    { "no closing single quote", bytes("A='"), "1 !no closing quote\n" },
    { "an escaped quote closes nothing",
      bytes("A=\"b\\\""), "1 !no closing quote\n" },
    { "a backslash at the end", bytes("A=\"b\\"), "1 !no closing quote\n" },
    { "a NUL in a value",
      bytes("A=b\0c\nD=\"\0\"\nE=f\n"),
      "1 !a NUL byte in the value\n2 !a NUL byte in the value\n3 E=[f]\n" },
    { "a file in UTF-16",
      bytes("\xff\xfe" "A\0=\0b\0"), "1 !an invalid name\n" },

    { "a file as people write it",
      bytes("# Twilio\r\n"
            "TWILIO_AUTH_TOKEN='0123abcd'   # from the console\r\n"
            "\r\n"
            "export OPENAI_API_KEY=sk-proj-A_b-c==\r\n"
            "NGROK_URL=abc.ngrok.app\r\n"
            "PROMPT=\"Be brief.\\nBe \\\"kind\\\".\"\r\n"
            "OPENAI_MODEL= # as it comes\r\n"
            "OPENAI_ORGANIZATION\r\n"),
      "2 TWILIO_AUTH_TOKEN=[0123abcd]\n"
      "4 OPENAI_API_KEY=[sk-proj-A_b-c==]\n"
      "5 NGROK_URL=[abc.ngrok.app]\n"
      "6 PROMPT=[Be brief.\nBe \"kind\".]\n"
      "7 OPENAI_MODEL=[]\n"
      "8 OPENAI_ORGANIZATION\n" }
};


static int
lookup(void *data, const convrelay_str_t *name, convrelay_str_t *value)
{
    convrelay_str_t  *v;
    size_t            i;

    static convrelay_str_t  values[][2] = {
        { convrelay_string("OTHER"), convrelay_string("other") },
        { convrelay_string("EMPTY"), convrelay_null_string },
        { convrelay_string("LINES"), convrelay_string("\n1\n2\n") },
        { convrelay_string("DOLLAR"), convrelay_string("${OTHER}") }
    };

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        v = values[i];

        if (convrelay_str_equal(&v[0], name)) {
            *value = v[1];
            return CONVRELAY_OK;
        }
    }

    return CONVRELAY_DECLINED;
}


static size_t
transcript(const void *in, size_t len, char *out, size_t size)
{
    int                        rc;
    size_t                     n, size_want;
    u_char                    *data, *buf;
    convrelay_str_t            value;
    convrelay_dotenv_t         env;
    convrelay_dotenv_entry_t   e;

    n = 0;
    out[0] = '\0';
    data = tap_flush(in, len);

    convrelay_dotenv_init(&env, data, len);

    for ( ;; ) {
        rc = convrelay_dotenv_next(&env, &e);

        if (rc == CONVRELAY_DONE) {
            break;
        }

        if (rc == CONVRELAY_ERROR) {
            n += snprintf(out + n, size - n, "%u !%s\n", env.line, env.error);
            continue;
        }

        n += snprintf(out + n, size - n, "%u %.*s", env.line,
                      (int) e.name.len, (char *) e.name.data);

        if (e.alone) {
            n += snprintf(out + n, size - n, "\n");
            continue;
        }

        /* measured, then written into just as much */

        size_want = convrelay_dotenv_value(&e, lookup, NULL, NULL);

        buf = malloc(size_want ? size_want : 1);
        value.data = buf;
        value.len = convrelay_dotenv_value(&e, lookup, NULL, buf);

        if (value.len != size_want) {
            n += snprintf(out + n, size - n, "measured as %zu", size_want);
        }

        convrelay_dotenv_trim(&e, &value);

        n += snprintf(out + n, size - n, "=[%.*s]\n", (int) value.len,
                      (char *) value.data);
        free(buf);
    }

    if (convrelay_dotenv_next(&env, &e) != CONVRELAY_DONE) {
        n += snprintf(out + n, size - n, "the end is not the end");
    }

    tap_unflush(data, len);

    return n;
}


/* every file cut anywhere is read to an end, within its bytes */

static void
truncated(void)
{
    char                  out[4096];
    size_t                i, n, files;
    const dotenv_case_t  *c;

    files = 0;

    for (i = 0; i < sizeof(dotenv_cases) / sizeof(dotenv_cases[0]); i++) {
        c = &dotenv_cases[i];

        for (n = 0; n < c->len; n++) {
            transcript(c->in, n, out, sizeof(out));
            files += (strstr(out, "not the end") == NULL);
        }

        files -= c->len;
    }

    tap_ok(files == 0, "every file cut anywhere is read to its end");
}


/* a value that grows as it is expanded is measured so far and no further */

static int
lookup_long(void *data, const convrelay_str_t *name, convrelay_str_t *value)
{
    unsigned  *asked = data;

    (*asked)++;

    value->len = CONVRELAY_DOTENV_MAX_VALUE / 2;
    value->data = NULL;

    return CONVRELAY_OK;
}


static void
test_long(void)
{
    size_t                    n;
    unsigned                  i, asked;
    u_char                    data[4 * 1000 + 2];
    convrelay_dotenv_t        env;
    convrelay_dotenv_entry_t  e;

    data[0] = 'A';
    data[1] = '=';

    for (i = 0; i < 1000; i++) {
        memcpy(data + 2 + 4 * i, "${B}", 4);
    }

    convrelay_dotenv_init(&env, data, 2 + 2 * 4);
    (void) convrelay_dotenv_next(&env, &e);
    asked = 0;

    n = convrelay_dotenv_value(&e, lookup_long, &asked, NULL);
    tap_ok(n == CONVRELAY_DOTENV_MAX_VALUE && asked == 2,
           "a value as long as one may be");

    convrelay_dotenv_init(&env, data, sizeof(data));
    (void) convrelay_dotenv_next(&env, &e);
    asked = 0;

    n = convrelay_dotenv_value(&e, lookup_long, &asked, NULL);
    tap_ok(n > CONVRELAY_DOTENV_MAX_VALUE && asked == 3,
           "a longer one is seen at once");
}


int
main(void)
{
    char                  out[4096];
    size_t                i, n;
    const dotenv_case_t  *c;

    for (i = 0; i < sizeof(dotenv_cases) / sizeof(dotenv_cases[0]); i++) {
        c = &dotenv_cases[i];

        n = transcript(c->in, c->len, out, sizeof(out));
        tap_is(out, n, c->want, strlen(c->want), c->name);
    }

    truncated();

    test_long();

    n = transcript(NULL, 0, out, sizeof(out));
    tap_ok(n == 0, "no data at all");

    return tap_done();
}
