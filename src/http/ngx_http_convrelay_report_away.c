
/*
 * Copyright (C) convrelay contributors
 *
 * A report that another machine may have by now, where the store is a location:
 * Twilio's request, or another session, may have come to that one.
 */


#include "ngx_http_convrelay_away.h"
#include "ngx_http_convrelay_report.h"


static void ngx_http_convrelay_report_looked(void *data, ngx_int_t rc);


ngx_int_t
ngx_http_convrelay_report_look(ngx_http_convrelay_report_t *p)
{
    if (!p->stored || p->looked || p->place.record.away == 0) {
        return NGX_OK;
    }

    p->looked = 1;

    if (ngx_http_convrelay_away_read(p->all->mcf, p->place.record.away,
                                     &p->place.record.key, 1,
                                     NGX_HTTP_CONVRELAY_AWAY_PEEK
                                     |NGX_HTTP_CONVRELAY_AWAY_IDLE,
                                     NGX_HTTP_CONVRELAY_AWAY_ALL,
                                     ngx_http_convrelay_report_looked, p)
        != NGX_AGAIN)
    {
        return NGX_OK;
    }

    p->looking = 1;

    return NGX_AGAIN;
}


static void
ngx_http_convrelay_report_looked(void *data, ngx_int_t rc)
{
    ngx_http_convrelay_report_t *p = data;

    char                           text[NGX_HTTP_CONVRELAY_REPORT_SID];
    ngx_http_convrelay_reports_t  *all;

    all = p->all;
    p->looking = 0;

    if (rc == NGX_DONE) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "report of call \"%s\" is left to another machine",
                      ngx_http_convrelay_report_sid(p, text));

        /* only here */

        p->place.record.away = 0;

        (void) ngx_http_convrelay_record_remove(all->mcf, &p->place.record);

        ngx_http_convrelay_report_remove(p);
        ngx_http_convrelay_report_free(p);
    }

    ngx_http_convrelay_report_timer(all);
}
