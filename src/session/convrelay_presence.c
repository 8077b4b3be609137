
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_presence.h"
#include "convrelay_fold.h"
#include "convrelay_utf8.h"
#include "convrelay_word.h"


#define CONVRELAY_PRESENCE_MAX    256     /* bytes; a longer text says more */
#define CONVRELAY_PRESENCE_BLANK  0x20    /* between words */


typedef struct {
    const char          *lang;
    const char          *phrases;     /* "|" between them */
} convrelay_presence_list_t;


static const convrelay_str_t *convrelay_presence_list(
    const convrelay_str_t *lang, convrelay_str_t *list);
static const u_char *convrelay_presence_match(const u_char *p,
    const u_char *last, const convrelay_str_t *list);
static const u_char *convrelay_presence_phrase(const u_char *p,
    const u_char *last, const u_char *phrase, const u_char *end);
static uint32_t convrelay_presence_char(const u_char **p, const u_char *last);
static const u_char *convrelay_presence_skip(const u_char *p,
    const u_char *last);
static uint32_t convrelay_presence_decode(const u_char **p,
    const u_char *last);


static const convrelay_presence_list_t  convrelay_presence_lists[] = {

    { "en",
      "hello|hi|hey|hey there|hello there|hi there|are you there"
      "|are you still there|you there|you still there|still there"
      "|are you still on the line|are you on the line"
      "|anyone there|anybody there|is anyone there|is anybody there"
      "|is there anyone there|is there anybody there|can you hear me"
      "|can you still hear me|do you hear me|did you hear me" },

    { "de",
      "hallo|hi|hey|huhu|sind sie da|sind sie noch da|sind sie noch dran"
      "|bist du da|bist du noch da|bist du noch dran|noch da|noch dran"
      "|jemand da|ist jemand da|ist da jemand|ist da noch jemand"
      "|hören sie mich|hören sie mich noch|hörst du mich|hörst du mich noch"
      "|können sie mich hören|können sie mich noch hören"
      "|kannst du mich hören|kannst du mich noch hören" },

    { "es",
      "hola|oiga|oye|aló|está ahí|estás ahí|sigue ahí|sigues ahí"
      "|todavía está ahí|todavía estás ahí|hay alguien|hay alguien ahí"
      "|me oye|me oyes|me escucha|me escuchas|puede oírme|puedes oírme"
      "|me puede oír|me puedes oír" },

    { "fr",
      "allô|allo|bonjour|vous êtes là|êtes-vous là|vous êtes toujours là"
      "|êtes-vous toujours là|vous êtes encore là|tu es là|t'es là"
      "|tu es toujours là|t'es toujours là|tu es encore là"
      "|il y a quelqu'un|y a quelqu'un|vous m'entendez|m'entendez-vous"
      "|tu m'entends|est-ce que vous m'entendez|est-ce que tu m'entends" },

    { "it",
      "pronto|ciao|salve|è lì|è ancora lì|sei lì|sei ancora lì|ci sei"
      "|ci sei ancora|c'è|c'è ancora|c'è nessuno|c'è qualcuno|mi sente"
      "|mi senti|mi sente ancora|mi senti ancora|riesce a sentirmi"
      "|riesci a sentirmi" },

    { "pt",
      "alô|olá|oi|está aí|você está aí|ainda está aí|você ainda está aí"
      "|estás aí|ainda estás aí|tem alguém aí|está alguém aí|há alguém aí"
      "|está me ouvindo|você está me ouvindo|consegue me ouvir"
      "|você consegue me ouvir|está a ouvir-me|estás a ouvir-me"
      "|consegue ouvir-me|está lá" },

    { "nl",
      "hallo|hoi|hé|bent u daar|bent u er nog|bent u er|bent u daar nog"
      "|ben je daar|ben je er nog|ben je er|ben je daar nog|is er iemand"
      "|is daar iemand|hoort u mij|hoort u me|hoor je me|hoor je mij"
      "|kunt u mij horen|kunt u me horen|kun je me horen|kun je mij horen" }
};


unsigned
convrelay_presence(const convrelay_str_t *text, const convrelay_str_t *lang,
    const convrelay_str_t *phrases, size_t n)
{
    size_t            i;
    unsigned          matched;
    const u_char     *p, *last, *end, *longest;
    convrelay_str_t   list;

    if (text->len > CONVRELAY_PRESENCE_MAX) {
        return 0;
    }

    if (n == 0) {
        phrases = convrelay_presence_list(lang, &list);

        if (phrases == NULL) {
            return 0;
        }

        n = 1;
    }

    matched = 0;
    last = text->data + text->len;

    for (p = convrelay_presence_skip(text->data, last);
         p < last;
         p = convrelay_presence_skip(longest, last))
    {
        longest = NULL;

        for (i = 0; i < n; i++) {
            end = convrelay_presence_match(p, last, &phrases[i]);

            if (end && (longest == NULL || end > longest)) {
                longest = end;
            }
        }

        if (longest == NULL) {
            return 0;
        }

        matched = 1;
    }

    return matched;
}


static const convrelay_str_t *
convrelay_presence_list(const convrelay_str_t *lang, convrelay_str_t *list)
{
    size_t                            i;
    const convrelay_presence_list_t  *l;

    if (lang->len < 2 || (lang->len > 2 && lang->data[2] != '-')) {
        return NULL;
    }

    for (i = 0; i < sizeof(convrelay_presence_lists)
                    / sizeof(convrelay_presence_lists[0]); i++)
    {
        l = &convrelay_presence_lists[i];

        if ((lang->data[0] | 0x20) == l->lang[0]
            && (lang->data[1] | 0x20) == l->lang[1])
        {
            list->len = strlen(l->phrases);
            list->data = (u_char *) l->phrases;

            return list;
        }
    }

    return NULL;
}


/* the end of the longest phrase that begins at p, or NULL */

static const u_char *
convrelay_presence_match(const u_char *p, const u_char *last,
    const convrelay_str_t *list)
{
    const u_char  *phrase, *list_end, *end, *found, *longest;

    longest = NULL;
    list_end = list->data + list->len;

    for (phrase = list->data; phrase < list_end; phrase = end + 1) {

        end = memchr(phrase, '|', list_end - phrase);

        if (end == NULL) {
            end = list_end;
        }

        found = convrelay_presence_phrase(p, last, phrase, end);

        if (found && (longest == NULL || found > longest)) {
            longest = found;
        }
    }

    return longest;
}


static const u_char *
convrelay_presence_phrase(const u_char *p, const u_char *last,
    const u_char *phrase, const u_char *end)
{
    uint32_t       c;
    const u_char  *found;

    phrase = convrelay_presence_skip(phrase, end);

    if (phrase == end) {
        return NULL;
    }

    for ( ;; ) {
        found = p;
        c = convrelay_presence_char(&phrase, end);

        if (c == 0 || (c == CONVRELAY_PRESENCE_BLANK && phrase == end)) {
            c = convrelay_presence_char(&p, last);

            return (c == 0 || c == CONVRELAY_PRESENCE_BLANK) ? found : NULL;
        }

        if (convrelay_presence_char(&p, last) != c) {
            return NULL;
        }
    }
}


/* reads a character of a word, a blank for everything between two words, or 0
   at the end */

static uint32_t
convrelay_presence_char(const u_char **p, const u_char *last)
{
    uint32_t       c;
    const u_char  *q;

    q = convrelay_presence_skip(*p, last);

    if (q != *p) {
        *p = q;
        return CONVRELAY_PRESENCE_BLANK;
    }

    if (q == last) {
        return 0;
    }

    c = convrelay_presence_decode(p, last);

    return convrelay_fold(c);
}


static const u_char *
convrelay_presence_skip(const u_char *p, const u_char *last)
{
    const u_char  *q;

    while (p < last) {
        q = p;

        if (convrelay_presence_decode(&q, last)) {
            break;
        }

        p = q;
    }

    return p;
}


/* 0: not part of a word; an apostrophe is, in both of its forms */

static uint32_t
convrelay_presence_decode(const u_char **p, const u_char *last)
{
    uint32_t  cp;

    cp = convrelay_utf8_decode(p, last);

    if (cp == '\'' || cp == 0x2019) {
        return '\'';
    }

    return convrelay_is_word(cp) ? cp : 0;
}
