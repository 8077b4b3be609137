
/*
 * Copyright (C) convrelay contributors
 *
 * Finds and masks words of a conversation that an error message repeats, so
 * that the message can be logged.
 */


#ifndef CONVRELAY_ECHO_H_INCLUDED
#define CONVRELAY_ECHO_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_ECHO_MAX_WORDS  320     /* in a message; the rest is cut */
#define CONVRELAY_ECHO_SLOTS      1024    /* of its index, a power of two */
#define CONVRELAY_ECHO_CHARS      256     /* remembered, a power of two */
#define CONVRELAY_ECHO_RUN        3       /* words in a row that count */
#define CONVRELAY_ECHO_LINES      4       /* of a message; any more count as
                                             the last one */


typedef struct {
    uint16_t          begin;          /* in the message */
    uint16_t          end;
    uint32_t          hash;
    uint32_t          run;            /* of it and the two words before it */
    uint16_t          next;           /* in its slot, plus one; 0: none */
    uint16_t          next_run;
    unsigned          line:4;         /* of the message, from 0 */
    unsigned          common:1;       /* common in error messages */
    unsigned          masked:1;
    unsigned          said:1;         /* all with its hash were said */
    unsigned          run_said:1;     /* all with its run were said */
} convrelay_echo_word_t;


/* a character that is not ASCII, and what it counts as */

typedef struct {
    uint32_t          cp;
    uint32_t          folded;
} convrelay_echo_char_t;


/* meant as a local variable of about 15 KB */

typedef struct {
    char                   *message;
    size_t                  nwords;
    convrelay_echo_word_t   words[CONVRELAY_ECHO_MAX_WORDS];
    uint16_t                slots[CONVRELAY_ECHO_SLOTS];      /* by hash */
    uint16_t                runs[CONVRELAY_ECHO_SLOTS];       /* by run */
    convrelay_echo_char_t   chars[CONVRELAY_ECHO_CHARS];
} convrelay_echo_t;


/*
 * message is NUL-terminated, shorter than 64 KB, and is changed in place by
 * convrelay_echo_mask().  Its lines are messages of their own, so that several
 * can be looked for at once; they stay as many as they are, unless there are
 * too many words.
 *
 * A word is letters and digits, or one character in a script without spaces.
 * The escapes of JSON and of URLs count as the characters that they stand for,
 * however often either side was escaped.  Text that both contain is masked: any
 * three words in a row, or a whole text of fewer words.  If the caller said the
 * text, single words are masked as well if they have a digit or at least four
 * characters, except words that are common in error messages ("model",
 * "invalid").  Takes time linear in the length of all texts.
 */
void convrelay_echo_start(convrelay_echo_t *e, char *message);
void convrelay_echo_text(convrelay_echo_t *e, const u_char *text, size_t len,
    unsigned said);

/*
 * Replaces each run of masked words with at most three stars.  cut has a bit
 * for each line, the lowest one for the first: that line may have been cut
 * inside its last word, which is masked as well.
 */
void convrelay_echo_mask(convrelay_echo_t *e, unsigned cut);

/*
 * In place of all that: masks each line as a whole, except one that is empty or
 * a single name of ASCII letters, "_", "-" and ".", as error codes are.
 */
void convrelay_echo_codes(char *message);


#endif /* CONVRELAY_ECHO_H_INCLUDED */
