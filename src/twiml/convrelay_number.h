
/*
 * Copyright (C) convrelay contributors
 *
 * Telephone numbers as people write them.
 */


#ifndef CONVRELAY_NUMBER_H_INCLUDED
#define CONVRELAY_NUMBER_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_NUMBER_MIN        2           /* digits */
#define CONVRELAY_NUMBER_MAX        20
#define CONVRELAY_NUMBER_MAX_TONES  64          /* an extension, pauses */


/* the digits to dial, and the keys to press after the answer: digits, "*", "#",
   and "w" for half a second */

typedef struct {
    u_char            digits[CONVRELAY_NUMBER_MAX + 1];     /* maybe a "+" */
    size_t            len;
    u_char            tones[CONVRELAY_NUMBER_MAX_TONES];
    size_t            ntones;
} convrelay_number_t;


/*
 * Reads a number with spaces, dashes, dots, slashes and brackets in it, as in
 * "+1 (555) 010-0002", "555.010.0002" or "tel:+1-555-010-0002".  The "(0)" of
 * "+44 (0)20 7946 0002" is not dialed.  An extension may follow ("ext. 12",
 * "extension 12", "x12", "#12", ";ext=12"), or keys after pauses: a comma is
 * two seconds, a "w" half a second, as in "+15550100002,,1234#".
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED: text is not a number, or has
 * fewer or more digits than the limits above.
 */
int convrelay_number_parse(const convrelay_str_t *text,
    convrelay_number_t *n);


#endif /* CONVRELAY_NUMBER_H_INCLUDED */
