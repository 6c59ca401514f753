# The gateway's Node services, one image for all of them; nginx has its own (nginx/Dockerfile).
#   --target gateway   the gateway (default of the compose file)
#   --target cognito   the gateway with the local stand-in for Amazon Cognito, which is never part of the other image

FROM node:26-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No install script of any package runs. The optional packages are Node itself, which the image has.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
# esbuild joins files of packages, and does not stay. npm would leave out its program, which is an optional package.
COPY launch/join-packages.ts launch/joined-packages.ts launch/
RUN version=$(node -p 'require("./package-lock.json").packages["node_modules/esbuild"].version') \
  && mkdir /esbuild && npm install --prefix /esbuild --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error \
    "esbuild@$version" \
  && ln -s /esbuild/node_modules/esbuild node_modules/esbuild \
  && node --disable-warning=ExperimentalWarning launch/join-packages.ts && rm node_modules/esbuild

FROM node:26-bookworm-slim AS gateway
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json scopes.yml ./
COPY common common
COPY policy policy
COPY auth-server auth-server
COPY relay relay
COPY registry registry
COPY servers servers
COPY container container
COPY operations/command.ts operations/confirm.ts operations/data-folder.ts operations/
COPY operations/accounts/place.ts operations/accounts/rekey.ts operations/accounts/
COPY operations/audit operations/audit
COPY operations/backup operations/backup
COPY operations/policy/files.ts operations/policy/in-force.ts operations/policy/
COPY operations/revoke operations/revoke
COPY operations/servers operations/servers
# The same servers under their container names.
RUN awk '/^- name:/ { name = $3 } { sub("//127[.]0[.]0[.]1:", "//" name ":") } 1' registry/servers.yml > registry/servers.compose.yml \
  && install -d -o 1000 -g 1000 -m 700 /data \
  && install -d -o 1000 -g 101 -m 2775 /routes \
  && install -d -o 101 -g 101 -m 755 /calls \
  && install -d -o 1000 -g 1000 -m 755 /config /compiled
USER 1000:1000
# Keep Node's compile cache in the image, which halves the start time. Each service loads once, finds an invalid setting,
# and exits. It runs as the final user, because Node ignores a cache of another user.
ENV NODE_COMPILE_CACHE=/compiled
RUN for workers in 1 2; do for service in container/auth-server container/registry relay servers/*/; do \
    SECRET_KEY=- AUTH_SERVER_WORKERS=$workers LOG_LEVEL=- node --max-semi-space-size=8 "$service/main.ts" > /dev/null 2>&1 || :; \
  done; done
# Less room for garbage than Node gives it: docs/adr/0036.
ENTRYPOINT ["/usr/bin/env", "node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"]
CMD ["--version"]
# Failures count only after the start period, because starting everything at once is slow. Docker restarts a dead container
# but not an unhealthy one: its dependents wait, and `docker compose ps` shows it.
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --retries=4 CMD ["container/healthy"]
# At the end, because a new revision builds again all that follows.
ARG VERSION=1.0.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="MCP Gateway Registry" \
  org.opencontainers.image.version=$VERSION \
  org.opencontainers.image.revision=$REVISION \
  org.opencontainers.image.source=$SOURCE \
  org.opencontainers.image.licenses=Apache-2.0

FROM gateway AS cognito
ENV NODE_ENV=development
COPY stand-in stand-in
RUN LOG_LEVEL=- node --max-semi-space-size=8 stand-in/main.ts > /dev/null 2>&1 || :
