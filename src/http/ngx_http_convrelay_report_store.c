
/*
 * Copyright (C) convrelay contributors
 *
 * Reports in the store, beside the records of their calls.  A report is there
 * from the setup of a call on, so that any worker can send it once the one that
 * has it in hand is gone, and so that Twilio's request and the next session
 * find it in whatever worker they are.
 *
 * A worker may change a report only as long as nobody else has written its
 * record.  So a report is sent by the worker that has written it last.
 */


#include "ngx_http_convrelay_report.h"
#include "ngx_http_convrelay_shared.h"
#include "ngx_http_convrelay_target.h"
#include "ngx_http_convrelay_tenant.h"

#include "convrelay_metric.h"


#define NGX_HTTP_CONVRELAY_REPORT_TAG    0x74726f7065722063ull  /* of its key */
#define NGX_HTTP_CONVRELAY_NOTE_TAG      0x65746f6e65722063ull
#define NGX_HTTP_CONVRELAY_REPORT_TTL    180000 /* ms, at least: longer than any
                                                   wait */
#define NGX_HTTP_CONVRELAY_REPORT_LOOKS  256    /* records, in one event */
#define NGX_HTTP_CONVRELAY_REPORT_ORPHAN 10000  /* ms from a kill to the report,
                                                   if nothing else happens */
#define NGX_HTTP_CONVRELAY_REPORT_STRANGER 60000       /* ms from one line about
                                                   a report without a location
                                                   to the next */


/* stored before the report; times are those of ngx_current_msec */

typedef struct {
    uint32_t                          state;
    uint32_t                          pid;
    uint64_t                          due;
    uint64_t                          location;
    uint64_t                          path;
    u_char                            tenant[CONVRELAY_SHA256_LEN];
} ngx_http_convrelay_report_head_t;


typedef char  ngx_http_convrelay_report_head_check_t[
    sizeof(ngx_http_convrelay_report_head_t)
    <= NGX_HTTP_CONVRELAY_RECORD_LOOK ? 1 : -1];


static ngx_http_convrelay_report_t *ngx_http_convrelay_report_load_one(
    ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_place_t *place);
static ngx_http_convrelay_report_t *ngx_http_convrelay_report_read(
    ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_place_t *place,
    ngx_http_convrelay_report_head_t *head);
static void ngx_http_convrelay_report_note_place(
    ngx_http_convrelay_report_place_t *place,
    const ngx_http_convrelay_report_t *p);
static ngx_int_t ngx_http_convrelay_report_conf_of(
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_convrelay_report_t *p);
static void ngx_http_convrelay_report_stranger(
    ngx_http_convrelay_reports_t *all);
static void ngx_http_convrelay_report_homeless(
    ngx_http_convrelay_reports_t *all, ngx_http_convrelay_report_t *p);


void
ngx_http_convrelay_report_place(ngx_http_convrelay_report_place_t *place,
    const ngx_http_convrelay_tenant_t *tenant, ngx_uint_t id,
    const convrelay_str_t *account, const convrelay_str_t *call)
{
    ngx_memzero(place, sizeof(ngx_http_convrelay_report_place_t));

    ngx_http_convrelay_record_name(&place->record, tenant, id, account, call);
    ngx_memcpy(place->tenant, tenant->id[id], CONVRELAY_SHA256_LEN);

    place->record.key.word[3] = NGX_HTTP_CONVRELAY_REPORT_TAG;
}


void
ngx_http_convrelay_report_names(ngx_http_convrelay_report_names_t *names,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call)
{
    ngx_uint_t                         i;
    ngx_http_convrelay_report_place_t  place;

    for (i = 0; i < tenant->n; i++) {
        ngx_http_convrelay_report_place(&place, tenant, i, account, call);
        names->key[i] = place.record.key;
    }

    names->n = tenant->n;
}


ngx_uint_t
ngx_http_convrelay_report_named(const ngx_http_convrelay_report_t *p,
    const ngx_http_convrelay_report_names_t *names)
{
    ngx_uint_t  i;

    for (i = 0; i < names->n; i++) {

        if (ngx_memcmp(&names->key[i], &p->place.record.key,
                       sizeof(convrelay_store_key_t))
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_convrelay_report_renamed(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p, const ngx_http_convrelay_tenant_t *tenant,
    const convrelay_str_t *account, const convrelay_str_t *call)
{
    ngx_http_convrelay_report_names_t  names;

    if (p == NULL || !p->stored) {
        return;
    }

    ngx_http_convrelay_report_names(&names, tenant, account, call);
    names.n = 1;

    if (ngx_http_convrelay_report_named(p, &names)) {
        return;
    }

    /* a worker of before the rotation may have it in hand, too */

    p->place.record.serial = 0;

    (void) ngx_http_convrelay_report_store(mcf, &p->place,
                                           NGX_HTTP_CONVRELAY_REPORT_DONE, 0,
                                           0, NULL);
}


ngx_msec_t
ngx_http_convrelay_report_ttl(ngx_http_convrelay_loc_conf_t *conf)
{
    return ngx_max(conf->store.ttl, NGX_HTTP_CONVRELAY_REPORT_TTL);
}


ngx_uint_t
ngx_http_convrelay_report_is(const convrelay_store_key_t *key)
{
    return key->word[3] == NGX_HTTP_CONVRELAY_REPORT_TAG;
}


void
ngx_http_convrelay_report_foreign(convrelay_str_t *text)
{
    ngx_pid_t                         process;
    ngx_http_convrelay_report_head_t  head;

    if (text->len < sizeof(ngx_http_convrelay_report_head_t)) {
        return;
    }

    ngx_memcpy(&head, text->data, sizeof(ngx_http_convrelay_report_head_t));

    /* what that machine does next may follow soon */

    if (head.state == NGX_HTTP_CONVRELAY_REPORT_LIVE
        || head.state == NGX_HTTP_CONVRELAY_REPORT_SENT)
    {
        head.state = NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE;

    } else if (head.state == NGX_HTTP_CONVRELAY_REPORT_PENDING) {
        head.state = NGX_HTTP_CONVRELAY_REPORT_FOREIGN;
    }

    process = 0;
    head.pid = ngx_http_convrelay_shared_process(&process);

    ngx_memcpy(text->data, &head, sizeof(ngx_http_convrelay_report_head_t));
}


void
ngx_http_convrelay_report_location(ngx_http_convrelay_report_place_t *place,
    ngx_http_convrelay_main_conf_t *mcf, ngx_http_core_srv_conf_t *server,
    ngx_http_core_loc_conf_t *clcf)
{
    ngx_uint_t                      i;
    ngx_http_convrelay_location_t  *location;

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {

        /* a block of "if" has the very name of its location, and not only one
           that is equal, as that of "/ws" is to that of "= /ws" */

        if (location[i].location == clcf
            || (place->location == 0 && location[i].server == server
                && location[i].location->name.data == clcf->name.data))
        {
            place->location = location[i].id;
            place->path = location[i].path;
        }
    }
}


ngx_int_t
ngx_http_convrelay_report_store(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_place_t *place,
    ngx_http_convrelay_report_state_e state, ngx_pid_t pid, ngx_msec_t due,
    const convrelay_report_t *report)
{
    ngx_int_t                         rc;
    ngx_msec_t                        ttl;
    convrelay_str_t                   text;
    convrelay_report_out_t            out;
    ngx_http_convrelay_report_head_t  head;

    static const u_char  room[NGX_HTTP_CONVRELAY_RECORD_HEAD];

    ngx_memzero(&out, sizeof(convrelay_report_out_t));
    ngx_memzero(&head, sizeof(ngx_http_convrelay_report_head_t));

    head.state = state;
    head.pid = pid ? ngx_http_convrelay_shared_process(&mcf->process) : 0;
    head.due = due;
    head.location = place->location;
    head.path = place->path;
    ngx_memcpy(head.tenant, place->tenant, CONVRELAY_SHA256_LEN);

    convrelay_report_put(&out, room, sizeof(room));
    convrelay_report_put(&out, &head, sizeof(head));

    if (report) {
        convrelay_report_pack(&out, report);
    }

    rc = NGX_ERROR;

    if (!out.failed) {
        text.data = out.data + sizeof(room);
        text.len = out.len - sizeof(room);

        ttl = place->ttl;

        if ((ngx_msec_int_t) (due - ngx_current_msec) > 0) {
            ttl += due - ngx_current_msec;
        }

        rc = ngx_http_convrelay_record_write(mcf, &place->record, &text, ttl);

        if (rc == NGX_DECLINED
            && !ngx_http_convrelay_record_exists(mcf, &place->record))
        {
            /* nobody removes it: it has expired in a long queue */

            place->record.serial = 0;

            rc = ngx_http_convrelay_record_write(mcf, &place->record, &text,
                                                 ttl);
        }
    }

    if (rc == NGX_ERROR && place->record.serial) {

        /* what was stored before is not the whole call any more */

        (void) ngx_http_convrelay_record_remove(mcf, &place->record);
        place->record.serial = 0;
    }

    convrelay_report_free(&out);

    return rc;
}


void
ngx_http_convrelay_report_note(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_report_t *p, ngx_uint_t goes_on)
{
    convrelay_report_t                 report;
    ngx_http_convrelay_report_place_t  place;

    ngx_http_convrelay_report_note_place(&place, p);

    ngx_memzero(&report, sizeof(convrelay_report_t));

    report.figures = p->report.figures;
    report.texts[CONVRELAY_REPORT_SESSION]
        = p->report.texts[CONVRELAY_REPORT_SESSION];

    (void) ngx_http_convrelay_report_store(mcf, &place,
                                  goes_on ? NGX_HTTP_CONVRELAY_NOTE_AGAIN
                                          : NGX_HTTP_CONVRELAY_NOTE_OVER,
                                  0, ngx_current_msec, &report);
}


ngx_int_t
ngx_http_convrelay_report_noted(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p)
{
    ngx_int_t                          rc;
    convrelay_str_t                   *session;
    convrelay_report_figures_t        *to, *from;
    ngx_http_convrelay_report_t       *note;
    ngx_http_convrelay_report_head_t   head;
    ngx_http_convrelay_report_place_t  place;

    ngx_http_convrelay_report_note_place(&place, p);

    note = ngx_http_convrelay_report_read(mcf, &place, &head);

    if (note == NULL) {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;
    session = &p->report.texts[CONVRELAY_REPORT_SESSION];

    if (convrelay_str_equal(&note->report.texts[CONVRELAY_REPORT_SESSION],
                            session))
    {
        to = &p->report.figures;
        from = &note->report.figures;

        to->reason = from->reason;
        to->code = from->code;
        to->seconds = from->seconds;

        if (to->end == CONVRELAY_METRIC_SESSION_REPLACED
                       - CONVRELAY_METRIC_SESSION_HANGUP)
        {
            /* by nobody: Twilio's request has removed the call's record */

            to->end = (to->reason == CONVRELAY_REPORT_FAILED)
                      ? CONVRELAY_METRIC_SESSION_DROPPED
                        - CONVRELAY_METRIC_SESSION_HANGUP
                      : 0;
        }

        p->decided = 1;
        p->again = (head.state == NGX_HTTP_CONVRELAY_NOTE_AGAIN);

        rc = NGX_OK;
    }

    ngx_http_convrelay_report_free(note);
    (void) ngx_http_convrelay_record_remove(mcf, &place.record);

    return rc;
}


static void
ngx_http_convrelay_report_note_place(ngx_http_convrelay_report_place_t *place,
    const ngx_http_convrelay_report_t *p)
{
    *place = p->place;

    ngx_memzero(&place->record, sizeof(ngx_http_convrelay_record_t));

    place->record.key = p->place.record.key;
    place->record.key.word[3] = NGX_HTTP_CONVRELAY_NOTE_TAG;
}


ngx_http_convrelay_report_t *
ngx_http_convrelay_report_load(ngx_http_convrelay_main_conf_t *mcf,
    const ngx_http_convrelay_tenant_t *tenant, const convrelay_str_t *account,
    const convrelay_str_t *call)
{
    ngx_uint_t                          i;
    ngx_http_convrelay_report_t        *p;
    ngx_http_convrelay_report_place_t   place;

    p = NULL;

    for (i = 0; p == NULL && i < tenant->n; i++) {
        ngx_http_convrelay_report_place(&place, tenant, i, account, call);

        p = ngx_http_convrelay_report_load_one(mcf, &place);
    }

    return p;
}


static ngx_http_convrelay_report_t *
ngx_http_convrelay_report_load_one(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_place_t *place)
{
    ngx_http_convrelay_report_t       *p;
    ngx_http_convrelay_report_head_t   head;

    p = ngx_http_convrelay_report_read(mcf, place, &head);

    if (p == NULL) {
        return NULL;
    }

    if ((head.state == NGX_HTTP_CONVRELAY_REPORT_LIVE
         || head.state == NGX_HTTP_CONVRELAY_REPORT_PENDING
         || head.state >= NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE
         || (head.state == NGX_HTTP_CONVRELAY_REPORT_SENT
             && !ngx_http_convrelay_shared_alive(head.pid)))
        && ngx_http_convrelay_report_conf_of(mcf, p) == NGX_OK)
    {
        p->live = head.state == NGX_HTTP_CONVRELAY_REPORT_LIVE
                  && ngx_http_convrelay_shared_alive(head.pid);
        p->early = (head.state == NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE);

        return p;
    }

    if (head.state >= NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE) {
        ngx_http_convrelay_report_stranger(mcf->reports);
    }

    ngx_http_convrelay_report_free(p);

    return NULL;
}


/* a mistake in the configuration, which each request meets: a line a minute */

static void
ngx_http_convrelay_report_stranger(ngx_http_convrelay_reports_t *all)
{
    if (all->stranger
        && ngx_current_msec - all->stranger
           < NGX_HTTP_CONVRELAY_REPORT_STRANGER)
    {
        return;
    }

    all->stranger = ngx_current_msec ? ngx_current_msec : 1;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "report of a call is left to the machine that had the call: "
                  "no location with \"convrelay_report\" has its secret here");
}


/* NULL: there is none, or it was delivered */

static ngx_http_convrelay_report_t *
ngx_http_convrelay_report_read(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_place_t *place,
    ngx_http_convrelay_report_head_t *head)
{
    ngx_int_t                     rc;
    convrelay_str_t               text, packed;
    ngx_http_convrelay_report_t  *p;

    convrelay_str_null(&text);

    if (ngx_http_convrelay_record_read(mcf, &place->record, &text) != NGX_OK) {
        return NULL;
    }

    p = NULL;

    if (text.len > sizeof(ngx_http_convrelay_report_head_t)) {
        p = ngx_calloc(sizeof(ngx_http_convrelay_report_t), ngx_cycle->log);
    }

    if (p) {
        ngx_memcpy(head, text.data, sizeof(ngx_http_convrelay_report_head_t));

        convrelay_report_put(&p->text, text.data + sizeof(*head),
                             text.len - sizeof(*head));

        packed.data = p->text.data;
        packed.len = p->text.len;

        rc = p->text.failed ? NGX_ERROR
                            : convrelay_report_unpack(&p->report, &packed);

        if (rc == NGX_OK) {
            place->location = head->location;
            place->path = head->path;
            ngx_memcpy(place->tenant, head->tenant, CONVRELAY_SHA256_LEN);

            p->place = *place;
            p->stored = 1;

            /* that of another machine was read from the location just now */

            p->place.record.careful = (head->state
                                   < NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE);

        } else {
            ngx_http_convrelay_report_free(p);
            p = NULL;
        }
    }

    ngx_http_convrelay_record_free(&text);

    return p;
}


/* the configuration may be another one by now; NGX_DECLINED: the tenant has no
   location that takes the report's place, or several */

static ngx_int_t
ngx_http_convrelay_report_conf_of(ngx_http_convrelay_main_conf_t *mcf,
    ngx_http_convrelay_report_t *p)
{
    ngx_http_convrelay_location_t  *location;

    location = ngx_http_convrelay_tenant_home(mcf, p->place.location,
                                              p->place.path, p->place.tenant);
    if (location == NULL) {
        return NGX_DECLINED;
    }

    p->conf = location->conf;
    p->ctx = location->server->ctx;

    p->place.location = location->id;
    p->place.path = location->path;
    p->place.ttl = ngx_http_convrelay_report_ttl(p->conf);
    p->place.record.away = p->conf->store.away;

    return NGX_OK;
}


/* a worker that is leaving does not know the newest configuration */

static void
ngx_http_convrelay_report_homeless(ngx_http_convrelay_reports_t *all,
    ngx_http_convrelay_report_t *p)
{
    if (ngx_quit || ngx_exiting || ngx_terminate) {
        return;
    }

    /* another worker may have an earlier copy in hand */

    p->place.ttl = NGX_HTTP_CONVRELAY_REPORT_TTL;

    if (ngx_http_convrelay_report_store(all->mcf, &p->place,
                                        NGX_HTTP_CONVRELAY_REPORT_DONE, 0, 0,
                                        NULL)
        != NGX_OK)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "report of a call was dropped: its location is gone; keep "
                  "\"convrelay_report\" and \"convrelay_auth_token\" of a "
                  "location until no report of it is pending");
}


ngx_int_t
ngx_http_convrelay_report_scan(ngx_http_convrelay_reports_t *all,
    uint32_t *cursor)
{
    size_t                              bytes;
    ngx_int_t                           rc;
    ngx_uint_t                          n, looks;
    ngx_msec_t                          due;
    ngx_http_convrelay_report_t        *p;
    ngx_http_convrelay_report_head_t    head;
    ngx_http_convrelay_report_place_t   place;
    ngx_http_convrelay_shared_known_t   known;

    n = 0;
    bytes = 0;

    known.n = 0;

    ngx_memzero(&place, sizeof(ngx_http_convrelay_report_place_t));

    for (looks = 0; looks < NGX_HTTP_CONVRELAY_REPORT_LOOKS; looks++) {

        if (n == NGX_HTTP_CONVRELAY_REPORT_BATCH
            || bytes >= NGX_HTTP_CONVRELAY_REPORT_BATCH_BYTES)
        {
            break;
        }

        rc = ngx_http_convrelay_record_next(all->mcf,
                                            NGX_HTTP_CONVRELAY_REPORT_TAG,
                                            cursor, &place.record,
                                            (u_char *) &head, sizeof(head));

        /* many others, which cost less */

        if (rc == NGX_AGAIN) {
            looks += NGX_HTTP_CONVRELAY_REPORT_LOOKS / 16;
            continue;
        }

        if (rc != NGX_OK) {
            *cursor = 0;
            return NGX_OK;
        }

        if (head.state == NGX_HTTP_CONVRELAY_REPORT_DONE
            || head.state >= NGX_HTTP_CONVRELAY_REPORT_FOREIGN_LIVE
            || (head.pid
                && ngx_http_convrelay_shared_alive_known(&known, head.pid)))
        {
            continue;
        }

        n++;

        p = ngx_http_convrelay_report_read(all->mcf, &place, &head);

        if (p == NULL) {
            continue;
        }

        bytes += p->text.len;

        if (ngx_http_convrelay_report_conf_of(all->mcf, p) != NGX_OK) {
            ngx_http_convrelay_report_homeless(all, p);
            ngx_http_convrelay_report_free(p);
            continue;
        }

        /* if a session was killed, Twilio's request or another session can
           still come */

        if (head.state != NGX_HTTP_CONVRELAY_REPORT_LIVE) {
            due = head.due;

        } else if (ngx_http_convrelay_report_noted(all->mcf, p) == NGX_OK) {
            due = ngx_current_msec + ngx_http_convrelay_report_again(p);

        } else {
            due = ngx_current_msec + NGX_HTTP_CONVRELAY_REPORT_ORPHAN;
        }

        ngx_http_convrelay_report_adopt(all, p, due);
    }

    return NGX_AGAIN;
}
