
/*
 * Copyright (C) convrelay contributors
 *
 * Env files.  A case's outcome is a transcript: one "LINE NAME=[VALUE]" an
 * entry and one "LINE !ERROR" a line that is none.
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
    { "nothing is expanded",
      bytes("A=${B}$C`d`\nE=\"${B}\"\n"),
      "1 A=[${B}$C`d`]\n2 E=[${B}]\n" },
    { "no escapes without quotes",
      bytes("A=a\\nb\\\\\n"), "1 A=[a\\nb\\\\]\n" },
    { "quotes within an unquoted value stay",
      bytes("A=it's \"so\"\n"), "1 A=[it's \"so\"]\n" },
    { "UTF-8", bytes("A=\xc3\xa9\n"), "1 A=[\xc3\xa9]\n" },

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
    { "export without a value",
      bytes("export A\nB=c\n"),
      "1 !no \"=\" after the name\n2 B=[c]\n" },

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
      bytes("A=\"\\d\\$\\u0041\\N\"\n"), "1 A=[\\d\\$\\u0041\\N]\n" },
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
      bytes("A=\"b\r\nc\r\n\"\r\nE=f\r\n"), "1 A=[b\nc\n]\n4 E=[f]\n" },
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

    /* lines that are none */

    { "a name without \"=\"",
      bytes("\nA\nB=c\n"), "2 !no \"=\" after the name\n3 B=[c]\n" },
    { "a name without \"=\" at the end",
      bytes("A"), "1 !no \"=\" after the name\n" },
    { "words", bytes("some words\n"), "1 !no \"=\" after the name\n" },
    { "\"export\" alone",
      bytes("export\n"), "1 !no \"=\" after the name\n" },
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
            "OPENAI_MODEL=\r\n"),
      "2 TWILIO_AUTH_TOKEN=[0123abcd]\n"
      "4 OPENAI_API_KEY=[sk-proj-A_b-c==]\n"
      "5 NGROK_URL=[abc.ngrok.app]\n"
      "6 PROMPT=[Be brief.\nBe \"kind\".]\n"
      "7 OPENAI_MODEL=[]\n" }
};


static size_t
transcript(const void *in, size_t len, char *out, size_t size)
{
    int                  rc;
    size_t               n;
    u_char              *data;
    convrelay_pair_t     pair;
    convrelay_dotenv_t   env;

    n = 0;
    out[0] = '\0';
    data = tap_flush(in, len);

    convrelay_dotenv_init(&env, data, len);

    for ( ;; ) {
        rc = convrelay_dotenv_next(&env, &pair);

        if (rc == CONVRELAY_DONE) {
            break;
        }

        if (rc == CONVRELAY_ERROR) {
            n += snprintf(out + n, size - n, "%u !%s\n", env.line, env.error);
            continue;
        }

        n += snprintf(out + n, size - n, "%u %.*s=[%.*s]\n", env.line,
                      (int) pair.name.len, (char *) pair.name.data,
                      (int) pair.value.len, (char *) pair.value.data);
    }

    if (convrelay_dotenv_next(&env, &pair) != CONVRELAY_DONE) {
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


int
main(void)
{
    char                  out[4096];
    size_t                i, n;
    convrelay_pair_t      pair;
    convrelay_dotenv_t    env;
    const dotenv_case_t  *c;

    for (i = 0; i < sizeof(dotenv_cases) / sizeof(dotenv_cases[0]); i++) {
        c = &dotenv_cases[i];

        n = transcript(c->in, c->len, out, sizeof(out));
        tap_is(out, n, c->want, strlen(c->want), c->name);
    }

    truncated();

    convrelay_dotenv_init(&env, NULL, 0);
    tap_ok(convrelay_dotenv_next(&env, &pair) == CONVRELAY_DONE,
           "no data at all");

    return tap_done();
}
