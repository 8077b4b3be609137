
/*
 * Copyright (C) convrelay contributors
 *
 * The TwiML document that answers "A call comes in".
 */


#ifndef CONVRELAY_TWIML_H_INCLUDED
#define CONVRELAY_TWIML_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_form.h"


/*
 * Names of attributes are written as they are: they must have passed
 * convrelay_twiml_check_name(), be distinct, and not be "url".  All other
 * values may come from anywhere.
 */

typedef struct {
    convrelay_str_t                    code;  /* empty: it is left out */
    const convrelay_pair_t            *attributes;
    size_t                             nattributes;
} convrelay_twiml_language_t;


typedef struct {
    convrelay_str_t                    url;
    const convrelay_pair_t            *attributes;      /* empty values are
                                                           left out */
    size_t                             nattributes;
    const convrelay_twiml_language_t  *languages;
    size_t                             nlanguages;
    const convrelay_pair_t            *parameters;
    size_t                             nparameters;
    convrelay_str_t                    action;  /* of <Connect>, or empty */
    convrelay_str_t                    method;  /* left out without action */
    convrelay_str_t                    before;  /* XML, written as it is:
                                                   before <Connect>, */
    convrelay_str_t                    inside;  /* after all other children
                                                   of <ConversationRelay>, */
    convrelay_str_t                    after;   /* and after <Connect> */
} convrelay_twiml_t;


/*
 * One document, UTF-8, <Response><Connect><ConversationRelay .../>.  Values
 * are escaped: & < > " ' as entities, tab, LF and CR as references; other
 * bytes below 0x20 and what XML 1.0 does not allow (U+FFFE, U+FFFF) are
 * dropped, invalid UTF-8 becomes U+FFFD.
 *
 * size() is the exact length of what write() writes.
 */
size_t convrelay_twiml_size(const convrelay_twiml_t *t);
u_char *convrelay_twiml_write(u_char *p, const convrelay_twiml_t *t);

/*
 * A relay URL must be "wss://", a host, and optionally a port, a path and a
 * query (ConversationRelay attribute url, Twilio error 64102).
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED with a phrase in *error that
 * says what to write, e.g. "has a scheme inside the host, drop the
 * \"https://\"".
 */
int convrelay_twiml_check_url(const convrelay_str_t *url, const char **error);

/*
 * Where an argument is inserted into a URL: the offset of its fragment, or its
 * length.  Twilio uses fragments for connection overrides ("#rc=2&rp=all"), in
 * which a "?" does not start a query.  *separator is what goes before the
 * argument: '?' or '&', or '\0' if there is an empty query.
 */
size_t convrelay_twiml_argument(const convrelay_str_t *url,
    u_char *separator);

/* an XML attribute name as Twilio uses them: a letter, letters and digits */
int convrelay_twiml_check_name(const convrelay_str_t *name);


/*
 * Checks XML to be placed before or after <Connect> or inside
 * <ConversationRelay>: any number of elements with their contents.  No text
 * outside of an element, no <!DOCTYPE>, no <?...?>.  A byte
 * CONVRELAY_TWIML_VALUE stands for an escaped value; there may be one in text
 * and in values of attributes.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED with a phrase in *error, e.g.
 * "has a bare \"&\", write \"&amp;\"", and the place of it in *pos.
 */
#define CONVRELAY_TWIML_VALUE  0x01

int convrelay_twiml_check_xml(const convrelay_str_t *xml, const char **error,
    const u_char **pos);


#endif /* CONVRELAY_TWIML_H_INCLUDED */
