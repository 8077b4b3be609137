
/*
 * Copyright (C) convrelay contributors
 *
 * How long an end waits for what is played, and which report ends it.
 */


#include "tap.h"

#include "convrelay_playback.h"


static unsigned played(convrelay_playback_t *p, const char *value);
static unsigned speaking(convrelay_playback_t *p, const char *value,
    uint64_t now);
static void tones(convrelay_playback_t *p, const char *digits, unsigned last);


static void
test_wait(void)
{
    convrelay_playback_t  p;

    memset(&p, 0, sizeof(p));

    tap_ok(convrelay_playback_wait(&p, 0, 10000, 1000) == 0,
           "an end waits for nothing");
    tap_ok(convrelay_playback_wait(&p, 3000, 10000, 1000) == 3000,
           "for the answer, by the estimate");
    tap_ok(convrelay_playback_wait(&p, 30000, 10000, 1000) == 10000,
           "never longer than the limit");

    p.reports = 1;

    tap_ok(convrelay_playback_wait(&p, 3000, 10000, 1000) == 6500,
           "where there are reports, they may be late");

    p.reports = 0;
    tones(&p, "1w2", 1);

    tap_ok(convrelay_playback_wait(&p, 1000, 10000, 1000) == 3900,
           "keys and their pauses take time");

    tones(&p, "5", 1);
    convrelay_playback_drop(&p);

    tap_ok(convrelay_playback_wait(&p, 1000, 10000, 1000) == 1000,
           "the caller talks: they are not waited for");
    tap_ok(!played(&p, "5"),
           "nor is a late report of them one of the end");

    convrelay_playback_file(&p);

    tap_ok(convrelay_playback_wait(&p, 0, 10000, 1000) == 10000,
           "a file has no length");

    convrelay_playback_cut(&p);

    tap_ok(convrelay_playback_wait(&p, 0, 10000, 1000) == 0,
           "an interrupt ends it");

    convrelay_playback_free(&p);
}


static void
test_tones(void)
{
    convrelay_playback_t  p;

    memset(&p, 0, sizeof(p));

    tones(&p, "1w2", 1);

    tap_ok(!played(&p, "1") && !played(&p, "21") && !played(&p, "123"),
           "other digits are not these");
    tap_ok(played(&p, "1w2") && p.queued == 0 && p.tones == NULL,
           "they are, with or without pauses");
    tap_ok(!played(&p, "12"), "and only once");

    tones(&p, "12", 1);
    tones(&p, "12", 1);

    tap_ok(!played(&p, "12") && played(&p, "12"),
           "the same twice give two reports");

    tones(&p, "12", 1);
    tones(&p, "3", 1);

    tap_ok(!played(&p, "12") && played(&p, "3"),
           "of others the last ones count");

    tones(&p, "12", 1);
    convrelay_playback_text(&p);

    tap_ok(!played(&p, "12"), "a text follows them: not the last words");

    convrelay_playback_file(&p);
    tones(&p, "12", 1);

    tap_ok(played(&p, "12") && !p.file, "with them, the file before them");

    tones(&p, "12", 1);
    convrelay_playback_file(&p);

    tap_ok(!played(&p, "12") && p.file, "not the one after them");

    tones(&p, "w", 1);

    tap_ok(!played(&p, ""), "pauses alone are not reported");

    convrelay_playback_free(&p);
}


static void
test_voice(void)
{
    convrelay_playback_t  p;

    memset(&p, 0, sizeof(p));

    tap_ok(!speaking(&p, "off", 1000) && p.voice_reports,
           "off without on ends nothing");

    (void) convrelay_playback_wait(&p, 3000, 10000, 1000);

    tap_ok(!speaking(&p, "on", 1000) && !speaking(&p, "off", 1999),
           "off too early is another's");
    tap_ok(!speaking(&p, "on", 1000) && speaking(&p, "off", 2000),
           "off ends the last words");
    tap_ok(!speaking(&p, "on", 2000) && !speaking(&p, "OFF", 3000)
           && speaking(&p, "off", 3000), "other values are none");

    (void) speaking(&p, "on", 3000);
    convrelay_playback_cut(&p);

    tap_ok(!speaking(&p, "off", 4000), "off after an interrupt is its own");
}


static unsigned
played(convrelay_playback_t *p, const char *value)
{
    convrelay_str_t  str;

    str.data = (u_char *) value;
    str.len = strlen(value);

    return convrelay_playback_played(p, &str);
}


static unsigned
speaking(convrelay_playback_t *p, const char *value, uint64_t now)
{
    convrelay_str_t  str;

    str.data = (u_char *) value;
    str.len = strlen(value);

    return convrelay_playback_speaking(p, &str, now);
}


static void
tones(convrelay_playback_t *p, const char *digits, unsigned last)
{
    convrelay_str_t  str;

    str.data = (u_char *) digits;
    str.len = strlen(digits);

    if (convrelay_playback_tones(p, &str, last) != CONVRELAY_OK) {
        tap_ok(0, "no memory");
    }
}


int
main(void)
{
    test_wait();
    test_tones();
    test_voice();

    return tap_done();
}
