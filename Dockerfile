# A phone number that answers with an LLM, on Debian's nginx:
#
#     docker build -t convrelay .
#     docker run -p 8080:8080 --stop-timeout 3600 -e NGROK_URL=your.host \
#         -e OPENAI_API_KEY=sk-... -e TWILIO_AUTH_TOKEN=... convrelay
#
# "docker stop" lets running calls end; --stop-timeout is how long they may.
# docs/container.md says more.

ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends gcc libc6-dev make nginx-dev libssl-dev

COPY . /src
WORKDIR /src
RUN make B=/build ADDONS=/src/src/redis module \
 && strip --strip-unneeded /build/*.so


FROM ${BASE}

LABEL org.opencontainers.image.title="convrelay" \
      org.opencontainers.image.description="nginx that answers phone calls with an LLM, over Twilio ConversationRelay" \
      org.opencontainers.image.licenses="BSD-2-Clause"

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends nginx ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt/* \
        /var/log/*.log

COPY --from=build /build/ngx_http_convrelay_module.so \
     /build/ngx_http_convrelay_redis_module.so /usr/lib/nginx/modules/
COPY conf-examples/convrelay_llm.conf conf-examples/convrelay_openai.conf \
     conf-examples/convrelay_openai_upstream.conf \
     conf-examples/convrelay_tool.conf conf-examples/image/nginx.conf \
     /etc/nginx/
COPY conf-examples/image/default.conf /etc/nginx/conf.d/
COPY conf-examples/prompts /etc/nginx/prompts/
COPY conf-examples/tools /etc/nginx/tools/
COPY conf-examples/image/entrypoint /usr/local/bin/

# all that nginx writes is in /tmp, and its logs are the container's; any user
# may write the process id where Debian's nginx.conf has it

RUN rm -rf /etc/nginx/sites-* /etc/nginx/modules-enabled /var/www/html \
        /var/lib/nginx /var/log/nginx/* \
 && ln -s /tmp/nginx /var/lib/nginx \
 && ln -s /tmp/nginx/image.conf /etc/nginx/image.conf \
 && ln -s /dev/stdout /var/log/nginx/access.log \
 && ln -s /dev/stdout /var/log/nginx/calls.log \
 && ln -s /dev/stdout /var/log/nginx/calls.json \
 && ln -s /dev/stderr /var/log/nginx/error.log \
 && chmod 1777 /run \
 && mkdir -p /usr/local/share/convrelay/conf.d \
 && cp /etc/nginx/nginx.conf /usr/local/share/convrelay \
 && cp /etc/nginx/conf.d/default.conf /usr/local/share/convrelay/conf.d

ENV PORT=8080
EXPOSE 8080
STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD \
    ["/usr/local/bin/entrypoint", "health"]

ENTRYPOINT ["/usr/local/bin/entrypoint"]
