
/*
 * Copyright (C) convrelay contributors
 *
 * libedit edits the line, but waits for nothing: keys are collected here until
 * they are whole, and only then given to it, as what its functions are bound
 * to.  Before anything is printed, the rows of the line are erased; afterwards
 * libedit draws them again.
 *
 * The history holds what was said in tests, so its file is for its owner alone
 * and can be turned off.  Keys of the telephone, which may be a PIN, are never
 * in it, nor is a line that begins with a blank.
 */


#define _GNU_SOURCE         /* wcwidth() */

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "convrelay_caller_line.h"
#include "convrelay_caller_screen.h"
#include "convrelay_utf8.h"


#define CONVRELAY_CALLER_LINE_KEYS     4096
#define CONVRELAY_CALLER_LINE_MAX      4000     /* characters of a line */
#define CONVRELAY_CALLER_LINE_HISTORY  500      /* lines */
#define CONVRELAY_CALLER_LINE_ESCAPE   50       /* ms, for what follows ESC */

#define CONVRELAY_CALLER_LINE_EOF      CONVRELAY_CALLER_LINE_CTRL('D')
#define CONVRELAY_CALLER_LINE_CTRL(c)  ((c) & 0x1f)


struct convrelay_caller_line_s {
    EditLine                  *el;
    History                   *history;
    char                      *file;         /* of it, or NULL */

    convrelay_caller_print_t  *print;
    convrelay_caller_screen_t  screen;
    convrelay_caller_buf_t     text;
    char                      *printed;      /* to print->out */
    size_t                     printed_len;
    FILE                      *out;          /* what print->out was */

    u_char                     keys[CONVRELAY_CALLER_LINE_KEYS];
    size_t                     len;          /* of the keys */
    wchar_t                    key[2];       /* one of them, for libedit */
    size_t                     key_pos;
    size_t                     key_len;

    char                       prompt[64];
    size_t                     prompt_len;   /* columns */
    unsigned                   shown:1;
};


static int convrelay_caller_line_bind(convrelay_caller_line_t *line);
static size_t convrelay_caller_line_cols(void);
static char *convrelay_caller_line_prompt(EditLine *el);
static int convrelay_caller_line_getc(EditLine *el, wchar_t *wc);
static int convrelay_caller_line_key(convrelay_caller_line_t *line);
static size_t convrelay_caller_line_escape(convrelay_caller_line_t *line,
    wchar_t *key);
static int convrelay_caller_line_enter(convrelay_caller_line_t *line);
static size_t convrelay_caller_line_length(convrelay_caller_line_t *line);
static void convrelay_caller_line_again(convrelay_caller_line_t *line);
static void convrelay_caller_line_hide(convrelay_caller_line_t *line,
    convrelay_caller_buf_t *out);
static void convrelay_caller_line_show(convrelay_caller_line_t *line);
static void convrelay_caller_line_flush(void *data);
static void convrelay_caller_line_write(const convrelay_caller_buf_t *out);
static void convrelay_caller_line_restore(void);
static char *convrelay_caller_line_file(void);
static void convrelay_caller_line_load(convrelay_caller_line_t *line);
static void convrelay_caller_line_save(convrelay_caller_line_t *line);
static void convrelay_caller_line_folders(const char *file);


/* for an exit that nobody planned */

static EditLine  *convrelay_caller_line_el;


int
convrelay_caller_line_able(void)
{
    const char  *term;

    term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && term[0]
           && strcmp(term, "dumb") != 0;
}


convrelay_caller_line_t *
convrelay_caller_line_open(convrelay_caller_print_t *p)
{
    convrelay_caller_line_t  *line;

    /* a recent terminal speaks UTF-8, even if nothing says so */

    setlocale(LC_CTYPE, "");

    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }

    line = convrelay_caller_alloc(sizeof(convrelay_caller_line_t));

    line->print = p;
    line->screen.cols = convrelay_caller_line_cols();
    line->screen.indent = CONVRELAY_CALLER_LABEL;

    fflush(p->out);
    line->out = p->out;
    p->out = open_memstream(&line->printed, &line->printed_len);

    line->el = el_init("convrelay-call", stdin, stdout, stderr);
    line->history = history_init();

    if (p->out == NULL || line->el == NULL || line->history == NULL
        || convrelay_caller_line_bind(line) != CONVRELAY_OK)
    {
        convrelay_caller_print_error("the terminal \"%s\" has no line editing",
                                     getenv("TERM"));
        convrelay_caller_line_close(line);
        return NULL;
    }

    p->flush = convrelay_caller_line_flush;
    p->flush_data = line;
    convrelay_caller_print_above(isatty(STDERR_FILENO) ? p : NULL);

    if (convrelay_caller_line_el == NULL) {
        atexit(convrelay_caller_line_restore);
    }

    convrelay_caller_line_el = line->el;
    convrelay_caller_line_load(line);

    el_set(line->el, EL_UNBUFFERED, 1);
    line->shown = 1;

    return line;
}


/*
 * Emacs's keys, without those that would wait for a second one, whatever the
 * user's configuration says: none is read.
 */

static int
convrelay_caller_line_bind(convrelay_caller_line_t *line)
{
    size_t     i;
    HistEvent  ev;

    static const char  *bound[][2] = {
        { "^R", "ed-search-prev-history" },
        { "^S", "ed-search-next-history" },
        { "^V", "ed-unassigned" },
        { "^Q", "ed-unassigned" },
        { "^X", "ed-unassigned" },
        { "^I", "ed-unassigned" },
        { "^O", "ed-unassigned" },
        { "^W", "ed-delete-prev-word" },
        { "^U", "vi-kill-line-prev" },
        { "\\ex", "ed-unassigned" },
        { "\\eX", "ed-unassigned" }
    };

    history(line->history, &ev, H_SETSIZE, CONVRELAY_CALLER_LINE_HISTORY);
    history(line->history, &ev, H_SETUNIQUE, 1);

    if (el_set(line->el, EL_CLIENTDATA, line) != 0
        || el_set(line->el, EL_SIGNAL, 0) != 0
        || el_set(line->el, EL_EDITOR, "emacs") != 0
        || el_set(line->el, EL_HIST, history, line->history) != 0
        || el_set(line->el, EL_GETCFN, convrelay_caller_line_getc) != 0
        || el_set(line->el, EL_PROMPT_ESC, convrelay_caller_line_prompt, '\1')
           != 0)
    {
        return CONVRELAY_ERROR;
    }

    for (i = 0; i < sizeof(bound) / sizeof(bound[0]); i++) {
        (void) el_set(line->el, EL_BIND, bound[i][0], bound[i][1], NULL);
    }

    return CONVRELAY_OK;
}


void
convrelay_caller_line_close(convrelay_caller_line_t *line)
{
    convrelay_caller_buf_t     out;
    convrelay_caller_print_t  *p;

    if (line == NULL) {
        return;
    }

    p = line->print;
    memset(&out, 0, sizeof(convrelay_caller_buf_t));

    if (p->flush) {
        p->flush(line);
        convrelay_caller_line_hide(line, &out);
        convrelay_caller_line_write(&out);
        convrelay_caller_line_save(line);

        el_set(line->el, EL_UNBUFFERED, 0);

        p->open = 0;
        p->flush = NULL;
    }

    convrelay_caller_print_above(NULL);
    convrelay_caller_line_el = NULL;

    if (line->history) {
        history_end(line->history);
    }

    if (line->el) {
        el_end(line->el);
    }

    if (p->out) {
        fclose(p->out);
    }

    p->out = line->out;

    free(line->printed);
    free(line->file);
    convrelay_caller_screen_free(&line->screen);
    convrelay_caller_buf_free(&line->text);
    convrelay_caller_buf_free(&out);
    free(line);
}


static void
convrelay_caller_line_restore(void)
{
    if (convrelay_caller_line_el) {
        el_set(convrelay_caller_line_el, EL_PREP_TERM, 0);
    }
}


static size_t
convrelay_caller_line_cols(void)
{
    struct winsize  size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0) {
        return 80;
    }

    return size.ws_col;
}


static char *
convrelay_caller_line_prompt(EditLine *el)
{
    convrelay_caller_line_t  *line;

    el_get(el, EL_CLIENTDATA, &line);

    return line->prompt;
}


void
convrelay_caller_line_label(convrelay_caller_line_t *line, const char *label,
    unsigned quiet)
{
    char                    prompt[sizeof(line->prompt)];
    convrelay_caller_buf_t  out;

    if (line->print->color) {
        snprintf(prompt, sizeof(prompt), "\1\033[%sm\1%-*s\1\033[0m\1",
                 quiet ? "2" : "1", CONVRELAY_CALLER_LABEL, label);

    } else {
        snprintf(prompt, sizeof(prompt), "%-*s", CONVRELAY_CALLER_LABEL,
                 label);
    }

    if (strcmp(prompt, line->prompt) == 0) {
        return;
    }

    memset(&out, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_line_hide(line, &out);
    convrelay_caller_line_write(&out);
    convrelay_caller_buf_free(&out);

    memcpy(line->prompt, prompt, sizeof(prompt));
    line->prompt_len = CONVRELAY_CALLER_LABEL;

    convrelay_caller_line_show(line);
}


int
convrelay_caller_line_read(convrelay_caller_line_t *line, const char **text)
{
    int            n;
    ssize_t        rc;
    struct pollfd  pfd;

    pfd.fd = STDIN_FILENO;
    pfd.events = POLLIN;
    pfd.revents = 0;

    if (line->len < CONVRELAY_CALLER_LINE_KEYS && poll(&pfd, 1, 0) == 1) {
        rc = read(STDIN_FILENO, line->keys + line->len,
                  CONVRELAY_CALLER_LINE_KEYS - line->len);

        if (rc == 0 || (rc == -1 && errno != EINTR && errno != EAGAIN)) {
            return CONVRELAY_DONE;
        }

        line->len += (rc > 0) ? rc : 0;
    }

    for ( ;; ) {
        n = convrelay_caller_line_key(line);

        if (n == CONVRELAY_AGAIN) {
            return CONVRELAY_AGAIN;
        }

        if (line->key_len == 0) {
            continue;
        }

        switch (line->key[0]) {

        case '\r':
        case '\n':
            n = convrelay_caller_line_enter(line);
            *text = line->text.data;
            return n;

        case CONVRELAY_CALLER_LINE_EOF:

            if (convrelay_caller_line_length(line) == 0) {
                return CONVRELAY_DONE;
            }

            break;

        case CONVRELAY_CALLER_LINE_CTRL('L'):
            convrelay_caller_screen_clear(&line->screen);
            break;

        default:

            if (line->key_len == 1 && line->key[0] >= 0x20
                && line->key[0] != 0x7f
                && convrelay_caller_line_length(line)
                   >= CONVRELAY_CALLER_LINE_MAX)
            {
                continue;
            }

            break;
        }

        (void) el_wgets(line->el, &n);
    }
}


/*
 * Takes the next key that is whole.  CONVRELAY_OK: it is in line->key, which
 * is empty if it means nothing; or CONVRELAY_AGAIN.
 */

static int
convrelay_caller_line_key(convrelay_caller_line_t *line)
{
    size_t         n;
    uint32_t       cp;
    const u_char  *p;

    line->key_len = 0;
    line->key_pos = 0;

    if (line->len == 0) {
        return CONVRELAY_AGAIN;
    }

    p = line->keys;

    if (*p == '\033') {
        n = convrelay_caller_line_escape(line, line->key);

    } else {
        n = (*p >= 0xf0) ? 4 : (*p >= 0xe0) ? 3 : (*p >= 0xc0) ? 2 : 1;

        if (line->len < n) {
            return CONVRELAY_AGAIN;
        }

        cp = convrelay_utf8_decode(&p, line->keys + line->len);
        n = p - line->keys;

        /* what would be a control of the terminal is not a key */

        if (cp != 0xfffd && !(cp >= 0x80 && convrelay_utf8_is_control(cp))) {
            line->key[0] = cp;
            line->key_len = 1;
        }
    }

    line->len -= n;
    memmove(line->keys, line->keys + n, line->len);

    return CONVRELAY_OK;
}


/*
 * The keys that terminals send as a sequence, as those of Emacs; others are
 * dropped.  Returns the length of the sequence.
 */

static size_t
convrelay_caller_line_escape(convrelay_caller_line_t *line, wchar_t *key)
{
    size_t         i, n;
    ssize_t        rc;
    struct pollfd  pfd;

    static const struct {
        const char  *sequence;
        wchar_t      key;
        unsigned     meta;
    } known[] = {
        { "A", CONVRELAY_CALLER_LINE_CTRL('P'), 0 },
        { "B", CONVRELAY_CALLER_LINE_CTRL('N'), 0 },
        { "C", CONVRELAY_CALLER_LINE_CTRL('F'), 0 },
        { "D", CONVRELAY_CALLER_LINE_CTRL('B'), 0 },
        { "H", CONVRELAY_CALLER_LINE_CTRL('A'), 0 },
        { "F", CONVRELAY_CALLER_LINE_CTRL('E'), 0 },
        { "1~", CONVRELAY_CALLER_LINE_CTRL('A'), 0 },
        { "7~", CONVRELAY_CALLER_LINE_CTRL('A'), 0 },
        { "4~", CONVRELAY_CALLER_LINE_CTRL('E'), 0 },
        { "8~", CONVRELAY_CALLER_LINE_CTRL('E'), 0 },
        { "3~", CONVRELAY_CALLER_LINE_CTRL('D'), 0 },
        { "1;5C", 'f', 1 },
        { "1;5D", 'b', 1 },
        { "1;3C", 'f', 1 },
        { "1;3D", 'b', 1 }
    };

    for (n = 1; /* void */ ; n++) {

        if (n == line->len) {
            pfd.fd = STDIN_FILENO;
            pfd.events = POLLIN;

            if (n == CONVRELAY_CALLER_LINE_KEYS
                || poll(&pfd, 1, CONVRELAY_CALLER_LINE_ESCAPE) != 1)
            {
                return n;
            }

            rc = read(STDIN_FILENO, line->keys + n,
                      CONVRELAY_CALLER_LINE_KEYS - n);

            if (rc <= 0) {
                return n;
            }

            line->len += rc;
        }

        if (n == 1 && line->keys[n] != '[' && line->keys[n] != 'O') {

            if (line->keys[n] >= 0x20 && line->keys[n] <= 0x7f) {
                key[0] = '\033';
                key[1] = line->keys[n];
                line->key_len = 2;
                return 2;
            }

            return 1;
        }

        if (n > 1 && line->keys[n] >= 0x40 && line->keys[n] <= 0x7e) {
            break;
        }

        if (n > 1 && (line->keys[n] < 0x20 || line->keys[n] > 0x7e)) {
            return n;
        }
    }

    n++;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {

        if (strlen(known[i].sequence) != n - 2
            || memcmp(known[i].sequence, line->keys + 2, n - 2) != 0)
        {
            continue;
        }

        if (known[i].meta) {
            key[0] = '\033';
            key[1] = known[i].key;
            line->key_len = 2;

        } else if (known[i].key != CONVRELAY_CALLER_LINE_EOF
                   || convrelay_caller_line_length(line))
        {
            key[0] = known[i].key;
            line->key_len = 1;
        }

        break;
    }

    return n;
}


/* libedit asks for nothing that is not there */

static int
convrelay_caller_line_getc(EditLine *el, wchar_t *wc)
{
    convrelay_caller_line_t  *line;

    el_get(el, EL_CLIENTDATA, &line);

    if (line->key_pos == line->key_len) {
        return 0;
    }

    *wc = line->key[line->key_pos++];

    return 1;
}


static int
convrelay_caller_line_enter(convrelay_caller_line_t *line)
{
    u_char                  utf8[4];
    HistEvent               ev;
    const wchar_t          *p;
    const LineInfoW        *info;
    convrelay_caller_buf_t  out;

    info = el_wline(line->el);
    convrelay_caller_buf_reset(&line->text);

    for (p = info->buffer; p < info->lastchar; p++) {
        convrelay_caller_buf_add(&line->text, utf8,
                                 convrelay_utf8_encode(utf8, *p) - utf8);
    }

    memset(&out, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_line_hide(line, &out);
    convrelay_caller_line_write(&out);
    convrelay_caller_buf_free(&out);

    if (line->text.data[0] && line->text.data[0] != ' '
        && strncmp(line->text.data, "/dtmf", 5) != 0)
    {
        history(line->history, &ev, H_ENTER, line->text.data);
    }

    convrelay_caller_line_again(line);

    return CONVRELAY_OK;
}


static size_t
convrelay_caller_line_length(convrelay_caller_line_t *line)
{
    const LineInfoW  *info;

    info = el_wline(line->el);

    return info->lastchar - info->buffer;
}


int
convrelay_caller_line_drop(convrelay_caller_line_t *line)
{
    convrelay_caller_buf_t  out;

    if (convrelay_caller_line_length(line) == 0) {
        return CONVRELAY_DECLINED;
    }

    memset(&out, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_line_hide(line, &out);
    convrelay_caller_line_write(&out);
    convrelay_caller_buf_free(&out);

    convrelay_caller_line_again(line);

    return CONVRELAY_OK;
}


/* an empty line, drawn in the cursor's row */

static void
convrelay_caller_line_again(convrelay_caller_line_t *line)
{
    el_set(line->el, EL_UNBUFFERED, 0);
    el_set(line->el, EL_UNBUFFERED, 1);
    line->shown = 1;
}


static void
convrelay_caller_line_hide(convrelay_caller_line_t *line,
    convrelay_caller_buf_t *out)
{
    size_t            row;
    const LineInfoW  *info;

    if (!line->shown) {
        return;
    }

    info = el_wline(line->el);
    row = convrelay_caller_screen_row(line->screen.cols, line->prompt_len,
                                      info->buffer,
                                      info->cursor - info->buffer);

    if (row) {
        convrelay_caller_buf_printf(out, "\033[%zuA", row);
    }

    convrelay_caller_buf_str(out, "\r\033[J");
    line->shown = 0;
}


static void
convrelay_caller_line_show(convrelay_caller_line_t *line)
{
    el_set(line->el, EL_REFRESH);
    line->shown = 1;
}


/* what was printed goes to the screen */

static void
convrelay_caller_line_flush(void *data)
{
    convrelay_caller_line_t  *line = data;

    convrelay_caller_buf_t  out;

    fflush(line->print->out);

    if (line->printed_len == 0) {
        return;
    }

    memset(&out, 0, sizeof(convrelay_caller_buf_t));

    convrelay_caller_line_hide(line, &out);
    convrelay_caller_screen_write(&line->screen, &out, line->printed,
                                  line->printed_len);
    convrelay_caller_line_write(&out);
    convrelay_caller_buf_free(&out);

    rewind(line->print->out);
    convrelay_caller_line_show(line);
}


static void
convrelay_caller_line_write(const convrelay_caller_buf_t *out)
{
    size_t   pos;
    ssize_t  n;

    fflush(stdout);

    for (pos = 0; pos < out->len; pos += n) {
        n = write(STDOUT_FILENO, out->data + pos, out->len - pos);

        if (n == -1 && errno != EINTR && errno != EAGAIN) {
            return;
        }

        if (n == -1) {
            n = 0;
        }
    }
}


/*
 * A terminal may have divided the rows of the line differently, or not at
 * all: of the two possibilities, the one that erases less of the text.
 */

void
convrelay_caller_line_resize(convrelay_caller_line_t *line)
{
    size_t                  was, cols;
    convrelay_caller_buf_t  out;

    was = line->screen.cols;
    cols = convrelay_caller_line_cols();

    memset(&out, 0, sizeof(convrelay_caller_buf_t));

    line->screen.cols = cols > was ? cols : was;
    convrelay_caller_line_hide(line, &out);
    convrelay_caller_line_write(&out);
    convrelay_caller_buf_free(&out);

    convrelay_caller_screen_resize(&line->screen, cols);

    el_resize(line->el);
    convrelay_caller_line_show(line);
}


/* the shell had the terminal for a while */

void
convrelay_caller_line_resume(convrelay_caller_line_t *line)
{
    el_set(line->el, EL_PREP_TERM, 0);
    el_set(line->el, EL_PREP_TERM, 1);

    convrelay_caller_screen_resize(&line->screen,
                                   convrelay_caller_line_cols());
    el_resize(line->el);
    convrelay_caller_line_show(line);
}


/* a file by the environment, or the usual one; NULL: none is kept */

static char *
convrelay_caller_line_file(void)
{
    const char              *name, *home;
    convrelay_caller_buf_t   file;

    name = getenv("CONVRELAY_CALL_HISTORY");

    if (name) {
        return name[0] ? convrelay_caller_strdup(name) : NULL;
    }

    memset(&file, 0, sizeof(convrelay_caller_buf_t));

    name = getenv("XDG_STATE_HOME");
    home = getenv("HOME");

    if (name && name[0] == '/') {
        convrelay_caller_buf_str(&file, name);

    } else if (home && home[0] == '/') {
        convrelay_caller_buf_printf(&file, "%s/.local/state", home);

    } else {
        return NULL;
    }

    convrelay_caller_buf_str(&file, "/convrelay-call/history");

    return file.data;
}


static void
convrelay_caller_line_load(convrelay_caller_line_t *line)
{
    HistEvent  ev;

    line->file = convrelay_caller_line_file();

    if (line->file) {
        (void) history(line->history, &ev, H_LOAD, line->file);
    }
}


/* the old file is replaced, completely or not at all */

static void
convrelay_caller_line_save(convrelay_caller_line_t *line)
{
    int                     fd, rc;
    FILE                   *fp;
    HistEvent               ev;
    struct stat             st;
    convrelay_caller_buf_t  temp;

    if (line->file == NULL || history(line->history, &ev, H_GETSIZE) == -1
        || ev.num == 0 || (stat(line->file, &st) == 0 && !S_ISREG(st.st_mode)))
    {
        return;
    }

    convrelay_caller_line_folders(line->file);

    memset(&temp, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_printf(&temp, "%s.XXXXXX", line->file);

    /* mkstemp() gives it mode 0600 */

    fd = mkstemp(temp.data);
    fp = (fd == -1) ? NULL : fdopen(fd, "w");

    if (fp) {
        rc = history(line->history, &ev, H_SAVE_FP, fp);

        if (fclose(fp) != 0 || rc == -1 || rename(temp.data, line->file) == -1)
        {
            fp = NULL;
            (void) unlink(temp.data);
        }
    }

    if (fp == NULL) {
        convrelay_caller_print_error("the history \"%s\" was not written: %s",
                                     line->file, strerror(errno));
    }

    convrelay_caller_buf_free(&temp);
}


/* those that lead to the file, if they are missing, for the owner alone */

static void
convrelay_caller_line_folders(const char *file)
{
    char  *path, *p;

    path = convrelay_caller_strdup(file);

    for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        (void) mkdir(path, 0700);
        *p = '/';
    }

    free(path);
}
