# A phone number that answers with an LLM, on Debian's nginx:
#
#     docker build -t convrelay .
#     docker run -p 8080:8080 --stop-timeout 3600 -e NGROK_URL=your.host \
#         -e OPENAI_API_KEY=sk-... -e TWILIO_AUTH_TOKEN=... convrelay
#
# "docker stop" lets running calls end; --stop-timeout is how long they may.

ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends gcc libc6-dev make nginx-dev libssl-dev

COPY . /src
WORKDIR /src
RUN make B=/build ADDONS= module


FROM ${BASE}

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y \
        --no-install-recommends nginx ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/www/html \
        /etc/nginx/sites-* /etc/nginx/modules-enabled

COPY --from=build /build/ngx_http_convrelay_module.so /usr/lib/nginx/modules/
COPY conf-examples/convrelay_llm.conf \
     conf-examples/convrelay_openai.conf \
     conf-examples/convrelay_openai_upstream.conf \
     conf-examples/image/nginx.conf.template /etc/nginx/
COPY conf-examples/image/entrypoint /usr/local/bin/

ENV PORT=8080
EXPOSE 8080
STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=2s --start-period=5s CMD \
    ["/usr/local/bin/entrypoint", "health"]

ENTRYPOINT ["/usr/local/bin/entrypoint"]
