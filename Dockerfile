# One image for every process; the command says which services it runs, exactly as on one machine.
FROM node:22-bookworm-slim

WORKDIR /app
ENV NODE_ENV=production
# Packages first: they change less often than the code.
COPY package.json package-lock.json ./
# As the launcher does: `npm ci` refuses a lockfile that lacks binaries of other platforms.
RUN npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force
COPY . .
# The live page, so that an `api` process has something to serve at its root.
RUN node web/build.ts .waggle/web

# Papers and proofs: a volume that api, drivers and deliveries share, writable by its user.
RUN mkdir /files && chown node /files

USER node
# 3000: REST and pages. 3001: WebSocket gateway. 3100: health and metrics, for the inside only.
EXPOSE 3000 3001 3100
ENV WAGGLE_ADMIN_HOST=0.0.0.0 WAGGLE_ADMIN_PORT=3100
HEALTHCHECK --interval=5s --timeout=2s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3100/health/live').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]

# The container's host name makes the node name unique, so that services can be scaled.
ENV WAGGLE_SERVICES=api
CMD ["sh", "-c", "exec node services/main.ts --node \"$(echo $WAGGLE_SERVICES | cut -d, -f1)-$(hostname)\" --services \"$WAGGLE_SERVICES\""]
