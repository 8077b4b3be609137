
/*
 * Copyright (C) convrelay contributors
 *
 * Prompts that only ask whether anybody is there.
 */


#include "convrelay_presence.h"
#include "tap.h"


typedef struct {
    const char   *lang;
    const char   *text;
    unsigned      presence;
} presence_test_t;


static void presence(const presence_test_t *t);
static void own_test(void);
static unsigned own(const char *text, size_t n);
static void long_test(void);


static const presence_test_t  tests[] = {

    { "en-US", "Hello?", 1 },
    { "en-US", "hello", 1 },
    { "en-US", "HELLO!! Hello?", 1 },
    { "en", "Hello? Are you still there?", 1 },
    { "EN-gb", "hi, can you hear me", 1 },
    { "en-US", " Hey there... is anybody there? ", 1 },
    { "en-US", "Hello, I need a doctor", 0 },
    { "en-US", "Are you there on Monday?", 0 },
    { "en-US", "hell", 0 },
    { "en-US", "helloo", 0 },
    { "en-US", "Hello5", 0 },
    { "en-US", "hello\xff", 1 },
    { "en-US", "", 0 },
    { "en-US", "?!", 0 },
    { "en-US", "hallo", 0 },
    { "eng", "hello", 0 },
    { "e", "hello", 0 },
    { "", "hello", 0 },
    { "ja-JP", "hello", 0 },

    { "de-DE", "Hallo? Sind Sie noch da?", 1 },
    { "de-AT", "H\xc3\x96REN SIE MICH", 1 },
    { "de-DE", "Hallo, Sind Sie noch da am Montag?", 0 },
    { "es-MX", "\xc2\xbfHola? \xc2\xbfMe escucha?", 1 },
    { "es-MX", "Hola, quiero una cita", 0 },
    { "fr-FR", "All\xc3\xb4 ? Vous m\xe2\x80\x99" "entendez ?", 1 },
    { "fr-FR", "Il y a quelqu'un", 1 },
    { "fr-FR", "\xc3\x8ates-vous l\xc3\xa0 ?", 1 },
    { "fr-FR", "Il y a quelqu un", 0 },
    { "it-IT", "Pronto? C'\xc3\xa8 nessuno?", 1 },
    { "it-IT", "Sono pronto", 0 },
    { "pt-BR", "Al\xc3\xb4? Voc\xc3\xaa est\xc3\xa1 me ouvindo?", 1 },
    { "pt-PT", "Est\xc3\xa1 a ouvir-me?", 1 },
    { "nl-NL", "Hallo, bent u er nog?", 1 },
    { "nl-NL", "Hallo, bent u er morgen?", 0 }
};


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        presence(&tests[i]);
    }

    own_test();
    long_test();

    return tap_done();
}


static void
presence(const presence_test_t *t)
{
    convrelay_str_t  text, lang;

    text.data = (u_char *) t->text;
    text.len = strlen(t->text);
    lang.data = (u_char *) t->lang;
    lang.len = strlen(t->lang);

    tap_ok(convrelay_presence(&text, &lang, NULL, 0) == t->presence,
           "%s: \"%s\"", t->lang, t->text);
}


static void
own_test(void)
{
    tap_ok(own("Moshi-moshi!", 2), "a phrase of the operator's");
    tap_ok(own("moshi moshi, ahoy", 2), "... and two of them");
    tap_ok(!own("hello", 2), "... in place of ours");
    tap_ok(!own("moshi", 2), "... not a part of one");
    tap_ok(!own("?", 2), "... and a phrase without a word is none");
}


static unsigned
own(const char *text, size_t n)
{
    convrelay_str_t  str, lang, phrases[2];

    str.data = (u_char *) text;
    str.len = strlen(text);

    lang.data = (u_char *) "en-US";
    lang.len = 5;

    phrases[0].data = (u_char *) "Moshi moshi";
    phrases[0].len = 11;
    phrases[1].data = (u_char *) "ahoy|!|";
    phrases[1].len = 7;

    return convrelay_presence(&str, &lang, phrases, n);
}


static void
long_test(void)
{
    size_t           i;
    u_char           text[260];
    convrelay_str_t  str, lang;

    lang.data = (u_char *) "en";
    lang.len = 2;

    for (i = 0; i < sizeof(text); i++) {
        text[i] = "hi "[i % 3];
    }

    str.data = text;
    str.len = 255;
    tap_ok(convrelay_presence(&str, &lang, NULL, 0) == 1, "a long one");

    str.len = 258;
    tap_ok(convrelay_presence(&str, &lang, NULL, 0) == 0, "one too long");
}
