
/*
 * Copyright (C) convrelay contributors
 *
 * Telephone numbers as people write them.
 */


#include "convrelay_number.h"
#include "convrelay_utf8.h"
#include "tap.h"


static void number(const char *text, const char *want);
static void separators(void);


/* NULL: not a number */

static const struct {
    const char  *text;
    const char  *want;
} numbers[] = {
    { "+15550100002", "+15550100002" },
    { "15550100002", "15550100002" },
    { "11", "11" },
    { "12345678901234567890", "12345678901234567890" },
    { "+12345678901234567890", "+12345678901234567890" },
    { "+1 555 010 0002", "+15550100002" },
    { "+1 (555) 010-0002", "+15550100002" },
    { "(555) 010-0002", "5550100002" },
    { "555.010.0002", "5550100002" },
    { "555/010-0002", "5550100002" },
    { "+1-555-010-0002", "+15550100002" },
    { " +1\t555  010 0002 ", "+15550100002" },
    { "(+1) 555 010-0002", "+15550100002" },
    { "+1\xc2\xa0" "555\xe2\x80\xaf" "010\xe2\x80\x91" "0002",
      "+15550100002" },
    { "+1\xe2\x80\x93" "555\xe2\x88\x92" "0100002", "+15550100002" },
    { "tel:+1-555-010-0002", "+15550100002" },
    { "TEL:5550100002", "5550100002" },

    { "+44 (0)20 7946 0002", "+442079460002" },
    { "+49(0)30/5550002", "+49305550002" },
    { "+353 (0) 1 5550002", "+35315550002" },
    { "+1 (0)555 0100002", "+15550100002" },
    { "+3531 (0)5550002", "+353105550002" },
    { "(0)20 7946 0002", "02079460002" },
    { "+44 (01)20 7946", "+4401207946" },

    { "555 0100 ext 12", "5550100 wwww12" },
    { "555 0100 ext. 12", "5550100 wwww12" },
    { "555 0100 Ext: 12", "5550100 wwww12" },
    { "555 0100 EXTENSION 1 2", "5550100 wwww12" },
    { "555-0100x12", "5550100 wwww12" },
    { "555-0100 X 12", "5550100 wwww12" },
    { "555-0100 #12", "5550100 wwww12" },
    { "tel:555-0100;ext=12", "5550100 wwww12" },
    { "555-0100 ext 12#", "5550100 wwww12#" },
    { "555-0100 ext 12,,3", "5550100 wwww12wwwwwwww3" },
    { "555-0100,12", "5550100 wwww12" },
    { "555-0100,, 12*3#", "5550100 wwwwwwww12*3#" },
    { "555-0100 w1W2", "5550100 w1w2" },
    { "555-0100 w *", "5550100 w*" },
    { "555-0100 ext 123456789012345678901234567890"
      "123456789012345678901234567890",
      "5550100 wwww123456789012345678901234567890"
      "123456789012345678901234567890" },
    { "555-0100 ext 123456789012345678901234567890"
      "1234567890123456789012345678901", NULL },
    { "555-0100,,,,,,,,,,,,,,,,,", NULL },

    { "", NULL },
    { "1", NULL },
    { "+", NULL },
    { "+1", NULL },
    { "()", NULL },
    { "tel:", NULL },
    { "+(0)", NULL },
    { "123456789012345678901", NULL },
    { "+123456789012345678901", NULL },
    { "++15550100002", NULL },
    { "555 +0100", NULL },
    { "joe", NULL },
    { "1-800-FLOWERS", NULL },
    { "555 0100 or 555 0101", NULL },
    { "555 0100 ext", NULL },
    { "555 0100 ext.", NULL },
    { "555 0100 extra 12", NULL },
    { "555 0100 ext ,12", NULL },
    { "555 0100 ext w12", NULL },
    { "555 0100 x12 x13", NULL },
    { "555 0100 12;ext=1;ext=2", NULL },
    { "555 0100,", NULL },
    { "555 0100w", NULL },
    { "555 0100#", NULL },
    { "555 0100*", NULL },
    { "555 0100</Dial>", NULL },
    { "555\xff" "0100", NULL },
    { "555 0100 \xe2\x80", NULL },
    { "555 0100 ext 1\xe2\x80\x9c", NULL },
    { "x12", NULL },
    { "555\n0100", NULL }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        number(numbers[i].text, numbers[i].want);
    }

    separators();

    return tap_done();
}


static void
number(const char *text, const char *want)
{
    int                 rc;
    char                got[128];
    convrelay_str_t     str;
    convrelay_number_t  n;

    str.len = strlen(text);
    str.data = tap_flush(text, str.len);

    memset(&n, 'x', sizeof(n));

    rc = convrelay_number_parse(&str, &n);

    (void) snprintf(got, sizeof(got), "%.*s%s%.*s", (int) n.len, n.digits,
                    n.ntones ? " " : "", (int) n.ntones, n.tones);

    tap_ok(rc == (want ? CONVRELAY_OK : CONVRELAY_DECLINED)
           && (want == NULL || strcmp(got, want) == 0),
           "number \"%s\"", text);

    if (rc == CONVRELAY_OK && want && strcmp(got, want) != 0) {
        printf("# %s\n", got);
    }

    tap_unflush(str.data, str.len);
}


/* what makes a number legible, of all characters that are not ASCII */

static void
separators(void)
{
    u_char              text[32], *p;
    unsigned            i, wanted;
    uint32_t            cp;
    convrelay_str_t     str;
    convrelay_number_t  n;

    static const uint32_t  ends[] = {
        0xa0, 0xa0, 0x2010, 0x2015, 0x202f, 0x202f, 0x2212, 0x2212
    };

    for (cp = 0x80; cp < 0x110000; cp++) {
        wanted = 0;

        for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i += 2) {
            wanted |= (cp >= ends[i] && cp <= ends[i + 1]);
        }

        memcpy(text, "555", 3);
        p = convrelay_utf8_encode(text + 3, cp);
        memcpy(p, "0100", 4);

        str.data = text;
        str.len = p + 4 - text;

        if ((convrelay_number_parse(&str, &n) == CONVRELAY_OK) != wanted) {
            break;
        }
    }

    tap_ok(cp == 0x110000, "separators, up to U+%04X", cp);
}
