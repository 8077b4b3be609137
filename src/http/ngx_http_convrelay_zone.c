
/*
 * Copyright (C) convrelay contributors
 *
 * Calls that are alive, across all workers: how many there are of a key, and
 * that there is only one of a CallSid.
 *
 * A call is a member of its keys from setup to its end.  Members that a
 * worker left behind when it crashed are found by its pid: once they are in
 * the way, and all of them by the worker that takes its place.
 */


#include "ngx_http_convrelay.h"


#define NGX_HTTP_CONVRELAY_KEY_LEN  255 /* bytes of a key, at most */


typedef struct {
    ngx_rbtree_t                  rbtree;
    ngx_rbtree_node_t             sentinel;
} ngx_http_convrelay_tree_t;


typedef struct {
    ngx_str_node_t                sn;
    ngx_queue_t                   members;
    ngx_uint_t                    count;
} ngx_http_convrelay_key_t;


struct ngx_http_convrelay_member_s {
    ngx_queue_t                   queue;
    ngx_http_convrelay_key_t     *key;
    ngx_pid_t                     pid;
};


struct ngx_http_convrelay_zone_s {
    ngx_http_convrelay_tree_t    *tree;
    ngx_slab_pool_t              *shpool;
};


static ngx_int_t ngx_http_convrelay_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_convrelay_zone_enter(
    ngx_http_convrelay_zone_t *zone, ngx_str_t *name, ngx_uint_t max,
    ngx_http_convrelay_member_t **member);
static ngx_http_convrelay_key_t *ngx_http_convrelay_zone_key(
    ngx_http_convrelay_zone_t *zone, ngx_str_t *name);
static void ngx_http_convrelay_zone_reap(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_key_t *key);
static void ngx_http_convrelay_zone_remove(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_member_t *m);
static void ngx_http_convrelay_zone_release(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_key_t *key);
static ngx_int_t ngx_http_convrelay_limit(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_limit_t *limit);
static ngx_int_t ngx_http_convrelay_join(ngx_http_convrelay_call_t *call,
    ngx_str_t *source, ngx_str_t *value, ngx_uint_t max);
static ngx_int_t ngx_http_convrelay_refused(ngx_http_convrelay_call_t *call,
    ngx_str_t *source, ngx_str_t *value, ngx_uint_t max);
static void ngx_http_convrelay_mask(ngx_str_t *value, u_char *buf,
    convrelay_str_t *masked);


char *
ngx_http_convrelay_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_main_conf_t *mcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (mcf->zone) {
        return "is duplicate";
    }

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR || size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone size \"%V\" has to be a size of at least %uz, "
                           "such as \"1m\" for some 3000 calls",
                           &value[2], 8 * ngx_pagesize);
        return NGX_CONF_ERROR;
    }

    mcf->zone = ngx_shared_memory_add(cf, &value[1], size,
                                      &ngx_http_convrelay_module);
    if (mcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->zone->init = ngx_http_convrelay_zone_init;

    mcf->zone->data = ngx_pcalloc(cf->pool,
                                  sizeof(ngx_http_convrelay_zone_t));
    if (mcf->zone->data == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_convrelay_limit_calls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_convrelay_loc_conf_t *clcf = conf;

    ngx_int_t                    max;
    ngx_str_t                   *value;
    ngx_http_convrelay_limit_t  *limit;

    value = cf->args->elts;

    max = ngx_atoi(value[2].data, value[2].len);

    if (max == NGX_ERROR || max == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "number of calls \"%V\" has to be at least 1",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    if (clcf->limits == NGX_CONF_UNSET_PTR) {

        clcf->limits = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_http_convrelay_limit_t));
        if (clcf->limits == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    limit = ngx_array_push(clcf->limits);
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    limit->max = max;

    return ngx_http_convrelay_value_compile(cf, &value[1], &limit->key, 0);
}


char *
ngx_http_convrelay_zone_merge(ngx_conf_t *cf,
    ngx_http_convrelay_loc_conf_t *conf)
{
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_convrelay_module);

    if (conf->enable && conf->limits && mcf->zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"convrelay_limit_calls\" counts in shared memory: "
                           "add \"convrelay_zone NAME SIZE\" to http");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_convrelay_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_convrelay_zone_t *old = data;

    ngx_http_convrelay_zone_t  *zone;

    zone = shm_zone->data;

    if (old) {
        *zone = *old;
        return NGX_OK;
    }

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->tree = zone->shpool->data;
        return NGX_OK;
    }

    zone->tree = ngx_slab_alloc(zone->shpool,
                                sizeof(ngx_http_convrelay_tree_t));
    if (zone->tree == NULL) {
        return NGX_ERROR;
    }

    zone->shpool->data = zone->tree;
    zone->shpool->log_nomem = 0;

    ngx_rbtree_init(&zone->tree->rbtree, &zone->tree->sentinel,
                    ngx_str_rbtree_insert_value);

    return NGX_OK;
}


/* whom a new worker replaces may have left members behind */

ngx_int_t
ngx_http_convrelay_zone_init_process(ngx_cycle_t *cycle)
{
    ngx_rbtree_t                    *tree;
    ngx_rbtree_node_t               *node, *next;
    ngx_http_convrelay_key_t        *key;
    ngx_http_convrelay_zone_t       *zone;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_convrelay_module);

    if (mcf == NULL || mcf->zone == NULL) {
        return NGX_OK;
    }

    zone = mcf->zone->data;
    tree = &zone->tree->rbtree;

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = (tree->root == tree->sentinel)
               ? NULL : ngx_rbtree_min(tree->root, tree->sentinel);

    while (node) {
        next = ngx_rbtree_next(tree, node);
        key = (ngx_http_convrelay_key_t *) node;

        ngx_http_convrelay_zone_reap(zone, key);
        ngx_http_convrelay_zone_release(zone, key);

        node = next;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return NGX_OK;
}


ngx_int_t
ngx_http_convrelay_zone_setup(ngx_http_convrelay_call_t *call)
{
    ngx_str_t                        sid;
    ngx_uint_t                       i;
    ngx_http_convrelay_limit_t      *limit;
    ngx_http_convrelay_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(call->request,
                                        ngx_http_convrelay_module);

    if (mcf->zone == NULL) {
        return NGX_OK;
    }

    sid.len = call->session.setup.call_sid.len;
    sid.data = call->session.setup.call_sid.data;

    if (sid.len
        && ngx_http_convrelay_join(call, NULL, &sid, 1) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (call->conf->limits == NULL) {
        return NGX_OK;
    }

    limit = call->conf->limits->elts;

    for (i = 0; i < call->conf->limits->nelts; i++) {

        if (ngx_http_convrelay_limit(call, &limit[i]) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* an empty key is not counted, as with limit_conn */

static ngx_int_t
ngx_http_convrelay_limit(ngx_http_convrelay_call_t *call,
    ngx_http_convrelay_limit_t *limit)
{
    ngx_str_t  key;

    if (ngx_http_complex_value(call->request, limit->key.value, &key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (key.len == 0) {
        return NGX_OK;
    }

    return ngx_http_convrelay_join(call, &limit->key.source, &key, limit->max);
}


/*
 * source: how the key was written, NULL for the CallSid.  A number that calls
 * and the same number that is called are different keys.
 */

static ngx_int_t
ngx_http_convrelay_join(ngx_http_convrelay_call_t *call, ngx_str_t *source,
    ngx_str_t *value, ngx_uint_t max)
{
    u_char                          *p;
    uint32_t                         hash;
    ngx_int_t                        rc;
    ngx_str_t                        name;
    ngx_http_convrelay_member_t    **member;
    ngx_http_convrelay_main_conf_t  *mcf;

    if (value->len > NGX_HTTP_CONVRELAY_KEY_LEN) {
        ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                      "client sent setup with a value of %uz bytes that has to "
                      "be counted, limit is %d: call refused",
                      value->len, NGX_HTTP_CONVRELAY_KEY_LEN);
        return NGX_DECLINED;
    }

    mcf = ngx_http_get_module_main_conf(call->request,
                                        ngx_http_convrelay_module);

    if (call->members == NULL) {

        call->members = ngx_array_create(call->request->pool, 2,
                                       sizeof(ngx_http_convrelay_member_t *));
        if (call->members == NULL) {
            return NGX_ERROR;
        }
    }

    member = ngx_array_push(call->members);
    if (member == NULL) {
        return NGX_ERROR;
    }

    *member = NULL;

    name.len = sizeof(hash) + value->len;
    name.data = ngx_pnalloc(call->request->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    hash = source ? ngx_crc32_short(source->data, source->len) : 0;

    p = ngx_cpymem(name.data, &hash, sizeof(hash));
    ngx_memcpy(p, value->data, value->len);

    rc = ngx_http_convrelay_zone_enter(mcf->zone->data, &name, max, member);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, call->connection->log, 0,
                      "convrelay_zone \"%V\" is full, its size is %uz: call "
                      "refused", &mcf->zone->shm.name, mcf->zone->shm.size);
        return NGX_ERROR;
    }

    return ngx_http_convrelay_refused(call, source, value, max);
}


static ngx_int_t
ngx_http_convrelay_refused(ngx_http_convrelay_call_t *call, ngx_str_t *source,
    ngx_str_t *value, ngx_uint_t max)
{
    char             text[65];
    u_char           buf[16];
    convrelay_str_t  shown;

    shown.len = value->len;
    shown.data = value->data;

    if (source && !call->conf->log_numbers) {
        ngx_http_convrelay_mask(value, buf, &shown);
    }

    /* it came from outside: one line, and printable */

    convrelay_llm_redact(text, sizeof(text), shown.data, shown.len);

    if (source == NULL) {
        ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                      "call \"%s\" has a live socket already: second one "
                      "refused", text);
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_WARN, call->connection->log, 0,
                  "too many calls of \"%s\" (%V): limit is %ui, call refused",
                  text, source, max);

    return NGX_DECLINED;
}


/* a value that may be a phone number: its ends at most */

static void
ngx_http_convrelay_mask(ngx_str_t *value, u_char *buf,
    convrelay_str_t *masked)
{
    masked->data = buf;

    if (value->len < 8) {
        masked->len = ngx_sprintf(buf, "***") - buf;
        return;
    }

    masked->len = ngx_sprintf(buf, "%*s***%*s", (size_t) 3, value->data,
                              (size_t) 2, value->data + value->len - 2)
                  - buf;
}


void
ngx_http_convrelay_zone_leave(ngx_http_convrelay_call_t *call)
{
    ngx_uint_t                       i;
    ngx_http_convrelay_key_t        *key;
    ngx_http_convrelay_zone_t       *zone;
    ngx_http_convrelay_member_t    **member;
    ngx_http_convrelay_main_conf_t  *mcf;

    if (call->members == NULL) {
        return;
    }

    mcf = ngx_http_get_module_main_conf(call->request,
                                        ngx_http_convrelay_module);
    zone = mcf->zone->data;
    member = call->members->elts;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < call->members->nelts; i++) {

        if (member[i]) {
            key = member[i]->key;

            ngx_http_convrelay_zone_remove(zone, member[i]);
            ngx_http_convrelay_zone_release(zone, key);
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    call->members = NULL;
}


/* NGX_OK; NGX_BUSY: there are max already; NGX_ERROR: the zone is full */

static ngx_int_t
ngx_http_convrelay_zone_enter(ngx_http_convrelay_zone_t *zone,
    ngx_str_t *name, ngx_uint_t max, ngx_http_convrelay_member_t **member)
{
    ngx_int_t                     rc;
    ngx_http_convrelay_key_t     *key;
    ngx_http_convrelay_member_t  *m;

    ngx_shmtx_lock(&zone->shpool->mutex);

    rc = NGX_ERROR;
    key = ngx_http_convrelay_zone_key(zone, name);

    if (key == NULL) {
        goto done;
    }

    if (key->count >= max) {
        ngx_http_convrelay_zone_reap(zone, key);
    }

    if (key->count >= max) {
        rc = NGX_BUSY;
        goto done;
    }

    m = ngx_slab_alloc_locked(zone->shpool,
                              sizeof(ngx_http_convrelay_member_t));

    if (m) {
        m->key = key;
        m->pid = ngx_pid;

        ngx_queue_insert_tail(&key->members, &m->queue);
        key->count++;

        *member = m;
        rc = NGX_OK;
    }

    ngx_http_convrelay_zone_release(zone, key);

done:

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return rc;
}


/* the key of that name, made where there is none; NULL: the zone is full */

static ngx_http_convrelay_key_t *
ngx_http_convrelay_zone_key(ngx_http_convrelay_zone_t *zone, ngx_str_t *name)
{
    uint32_t                   hash;
    ngx_http_convrelay_key_t  *key;

    hash = ngx_crc32_long(name->data, name->len);

    key = (ngx_http_convrelay_key_t *)
              ngx_str_rbtree_lookup(&zone->tree->rbtree, name, hash);

    if (key) {
        return key;
    }

    key = ngx_slab_alloc_locked(zone->shpool,
                                sizeof(ngx_http_convrelay_key_t) + name->len);
    if (key == NULL) {
        return NULL;
    }

    key->sn.node.key = hash;
    key->sn.str.len = name->len;
    key->sn.str.data = (u_char *) (key + 1);
    key->count = 0;

    ngx_memcpy(key->sn.str.data, name->data, name->len);
    ngx_queue_init(&key->members);
    ngx_rbtree_insert(&zone->tree->rbtree, &key->sn.node);

    return key;
}


/* members of processes that are no more */

static void
ngx_http_convrelay_zone_reap(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_key_t *key)
{
    ngx_queue_t                  *q, *next;
    ngx_http_convrelay_member_t  *m;

    for (q = ngx_queue_head(&key->members);
         q != ngx_queue_sentinel(&key->members);
         q = next)
    {
        next = ngx_queue_next(q);
        m = ngx_queue_data(q, ngx_http_convrelay_member_t, queue);

        if (m->pid != ngx_pid
            && kill(m->pid, 0) == -1 && ngx_errno == NGX_ESRCH)
        {
            ngx_http_convrelay_zone_remove(zone, m);
        }
    }
}


static void
ngx_http_convrelay_zone_remove(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_member_t *m)
{
    m->key->count--;

    ngx_queue_remove(&m->queue);
    ngx_slab_free_locked(zone->shpool, m);
}


/* a key without members goes */

static void
ngx_http_convrelay_zone_release(ngx_http_convrelay_zone_t *zone,
    ngx_http_convrelay_key_t *key)
{
    if (key->count == 0) {
        ngx_rbtree_delete(&zone->tree->rbtree, &key->sn.node);
        ngx_slab_free_locked(zone->shpool, key);
    }
}
