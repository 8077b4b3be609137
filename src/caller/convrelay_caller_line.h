
/*
 * Copyright (C) convrelay contributors
 *
 * The input line at the bottom of a terminal, with editing and history by
 * libedit.  What is printed goes above it.
 */


#ifndef CONVRELAY_CALLER_LINE_H_INCLUDED
#define CONVRELAY_CALLER_LINE_H_INCLUDED


#include "convrelay_caller_print.h"


typedef struct convrelay_caller_line_s  convrelay_caller_line_t;


/* whether standard input and output are a terminal that can have one */
int convrelay_caller_line_able(void);

/*
 * Opens the line; from then on p prints above it.  NULL: the terminal could
 * not be prepared, the error printed.
 */
convrelay_caller_line_t *convrelay_caller_line_open(
    convrelay_caller_print_t *p);

/* writes the history, gives p and the terminal back; line may be NULL */
void convrelay_caller_line_close(convrelay_caller_line_t *line);

/*
 * Reads the keys that were pressed.  CONVRELAY_OK: *text is a line without its
 * newline, until the next call; there may be more.  CONVRELAY_AGAIN: there is
 * none.  CONVRELAY_DONE: Ctrl-D on an empty line, or the terminal is gone.
 */
int convrelay_caller_line_read(convrelay_caller_line_t *line,
    const char **text);

/* what stands in front of the input, a literal; quiet: in a dim style */
void convrelay_caller_line_label(convrelay_caller_line_t *line,
    const char *label, unsigned quiet);

/* drops what was typed.  CONVRELAY_OK, or CONVRELAY_DECLINED: it is empty */
int convrelay_caller_line_drop(convrelay_caller_line_t *line);

/* after SIGWINCH and SIGCONT */
void convrelay_caller_line_resize(convrelay_caller_line_t *line);
void convrelay_caller_line_resume(convrelay_caller_line_t *line);


#endif /* CONVRELAY_CALLER_LINE_H_INCLUDED */
