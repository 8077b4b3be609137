
/*
 * Copyright (C) convrelay contributors
 *
 * XML 1.0, as much of it as TwiML uses: elements, attributes, text, CDATA,
 * comments, the five entities, character references.  No DOCTYPE, and names
 * are ASCII.
 */


#ifndef CONVRELAY_XML_H_INCLUDED
#define CONVRELAY_XML_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_XML_MAX_DEPTH       32
#define CONVRELAY_XML_MAX_ATTRIBUTES  64


typedef struct convrelay_xml_s  convrelay_xml_t;

typedef enum {
    CONVRELAY_XML_OPEN = 0,        /* an element of this name begins */
    CONVRELAY_XML_ATTRIBUTE,       /* name and value of the last one opened */
    CONVRELAY_XML_CLOSE,           /* the element of this name ends */
    CONVRELAY_XML_TEXT,            /* value, inside an element */
    CONVRELAY_XML_CDATA            /* the same, to be taken literally */
} convrelay_xml_event_e;

/*
 * Receives the parts of the document in their order, as they are written: a
 * value still has its references, see convrelay_xml_unescape().  name and
 * value point into the document, or are NULL if the event has none.
 */
typedef void (*convrelay_xml_handler_pt)(convrelay_xml_t *x,
    convrelay_xml_event_e event, const convrelay_str_t *name,
    const convrelay_str_t *value);


/* zero-fill, set what is needed of the first four */

struct convrelay_xml_s {
    convrelay_xml_handler_pt   handler;       /* or NULL */
    void                      *data;          /* the handler's */
    u_char                     value;         /* see below; 0: none */
    unsigned                   document:1;

    const u_char              *pos;           /* after an error: its place */
    const char                *error;         /* a phrase */

    unsigned                   root:1;        /* there is one */
    const u_char              *first;
    const u_char              *last;
    size_t                     depth;
    convrelay_str_t            open[CONVRELAY_XML_MAX_DEPTH];
};


/*
 * With document, reads one element, perhaps with a byte order mark, an XML
 * declaration, instructions (<?...?>) and comments around it; otherwise the
 * content of an element that has no text of its own: any number of elements and
 * comments.  A byte value, a control character, stands for text that is
 * inserted later, escaped; it may occur in text and in the values of
 * attributes.
 *
 * Returns CONVRELAY_OK, or CONVRELAY_DECLINED with x->error, such as "has a
 * bare \"&\", write \"&amp;\"", and x->pos.  The handler was called for
 * everything before that place.
 */
int convrelay_xml_read(convrelay_xml_t *x, const convrelay_str_t *xml);

/*
 * Writes the meaning of a value to dst, which is at least as long: references
 * become characters and line ends LF; in an attribute, each white space becomes
 * a space (XML 1.0, 2.11 and 3.3.3).  The value comes from a handler.  Returns
 * the end.
 */
u_char *convrelay_xml_unescape(u_char *dst, const convrelay_str_t *value,
    unsigned attribute);

/*
 * The reverse, for text and for attributes: the exact length, and the writer.
 * Characters that XML does not allow are dropped, invalid UTF-8 is replaced.
 */
size_t convrelay_xml_escaped_len(const u_char *src, size_t len);
u_char *convrelay_xml_escape(u_char *dst, const u_char *src, size_t len);


#endif /* CONVRELAY_XML_H_INCLUDED */
