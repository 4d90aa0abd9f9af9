# syntax=docker/dockerfile:1

# One bundle serves every platform, so it is made once, on the platform that builds.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY tools/build.ts tools/
COPY tools/bundle tools/bundle
COPY src src
RUN node tools/build.ts

# Node and nothing else: no shell, no package manager.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="conjoin" \
      org.opencontainers.image.description="Joins Kubernetes clusters under a primary" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE /app/
COPY --from=build /build/dist/conjoin.mjs /build/dist/conjoin.mjs.map /build/dist/conjoin.mjs.LEGAL.txt /app/
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8443 8080
# Why these settings, and the flags below: tools/bundle/node-flags.ts.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=131072
# Node is the first process, without a shell that would keep SIGTERM from it.
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "--max-semi-space-size=4", "--heap-growing-percent=20", "/app/conjoin.mjs"]
CMD ["help"]
