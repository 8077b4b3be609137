
/*
 * Copyright (C) convrelay contributors
 *
 * Collects the keys that the caller presses into an entry, which ends at a
 * terminator, after a number of keys, or after a pause.  The session acts on an
 * entry and measures the pause.
 *
 *             key              last key                     report
 *     NONE ---------> OPEN ---------------> COMPLETE ----------------> NONE
 *                      |        the interrupt came, or none can
 *                      '---------------------------------------------> NONE
 *                               the pause is over, or a prompt came
 */


#ifndef CONVRELAY_KEYS_H_INCLUDED
#define CONVRELAY_KEYS_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_KEYS_MAX  64


typedef struct {
    unsigned                 max;         /* keys of an entry, at most
                                             CONVRELAY_KEYS_MAX; 0: keys are
                                             ignored */
    u_char                   terminator;  /* '\0': none */
    uint64_t                 pause;       /* ms that end an entry */
} convrelay_keys_conf_t;


typedef enum {
    CONVRELAY_KEYS_NONE = 0,      /* no entry waits */
    CONVRELAY_KEYS_OPEN,          /* more keys may follow */
    CONVRELAY_KEYS_COMPLETE       /* no key may follow, only the interrupt that
                                     the last one causes */
} convrelay_keys_e;


/* what is kept from the first key on */

typedef struct {
    uint64_t                 terminator_until;    /* ms: until then, it belongs
                                             to the entry that max ended */
    u_char                   keys[CONVRELAY_KEYS_MAX];
} convrelay_keys_data_t;


/* zero-fill to start */

typedef struct {
    convrelay_keys_e         state;
    unsigned                 prompt_is_newer:1;   /* than the entry: the
                                             prompt's turn continues while the
                                             entry triggers */
    unsigned                 has_next:1;  /* keys[n] begins the next entry,
                                             whose state this is, while the
                                             one before is reported */
    unsigned                 n:8;         /* keys of the entry */
    convrelay_keys_data_t   *data;        /* owned; or NULL until the first
                                             key */
} convrelay_keys_t;


/* the meaning of a key */

typedef enum {
    CONVRELAY_KEY_ERROR = -1,     /* no memory */
    CONVRELAY_KEY_IGNORED = 0,
    CONVRELAY_KEY_TAKEN,          /* the pause begins */
    CONVRELAY_KEY_LAST            /* the entry is complete */
} convrelay_key_e;


/*
 * Takes a key.  If a prompt came after the entry, the key begins another entry
 * and sets k->has_next: report the previous one at once, then call done().
 */
convrelay_key_e convrelay_keys_press(convrelay_keys_t *k,
    const convrelay_keys_conf_t *conf, u_char key, uint64_t now);

/* notes a prompt; true if it ends the entry */
unsigned convrelay_keys_prompt(convrelay_keys_t *k);

/* the entry is being reported: it stays until done() */
void convrelay_keys_report(convrelay_keys_t *k);

/* wipes the entry that was reported; with go_on, keeps the next one */
void convrelay_keys_done(convrelay_keys_t *k, unsigned go_on);

/* wipes and frees everything; k is as if zero-filled */
void convrelay_keys_free(convrelay_keys_t *k);


#endif /* CONVRELAY_KEYS_H_INCLUDED */
