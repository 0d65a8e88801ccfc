# syntax=docker/dockerfile:1
# The platform's image. It writes only to /data and /tmp, so the root file system can be read-only.
FROM node:24.21.0-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS node

FROM node AS source
WORKDIR /app
COPY package.json package-lock.json ./
COPY console/package.json ./console/
COPY cli/package.json ./cli/

FROM source AS build
# Without install scripts: that of the package `node` would download a second Node.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY .swcrc ./
COPY scripts/build.mjs scripts/cli.mjs scripts/console.mjs ./scripts/
COPY openapi.json ./
COPY console ./console
COPY src ./src
RUN node scripts/build.mjs

FROM source AS dependencies
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# The SDK for ENGINE=temporal, which has its own lock file.
COPY temporal/package.json temporal/package-lock.json temporal/sdk.mjs temporal/workflow.mjs ./temporal/
RUN --mount=type=cache,target=/root/.npm npm ci --prefix temporal --ignore-scripts --no-audit --no-fund
# Bundles its workflows, which workers would otherwise do at every start.
RUN node --input-type=module --eval "import { writeFileSync } from 'node:fs'; \
  const { bundleWorkflows } = await import('/app/temporal/sdk.mjs'); \
  writeFileSync('/app/temporal/workflow-bundle.cjs', await bundleWorkflows());"
# The generator of TypeScript clients, which also has its own lock file.
COPY generators ./generators/
RUN --mount=type=cache,target=/root/.npm npm ci --prefix generators --ignore-scripts --no-audit --no-fund
# The readers of PDF, DOCX and HTML documents.
COPY documents ./documents/
RUN --mount=type=cache,target=/root/.npm npm ci --prefix documents --ignore-scripts --no-audit --no-fund

# The generator of Go clients. To format code it needs only the program `go`.
FROM golang:1.26-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS go-generator
RUN --mount=type=cache,target=/go/pkg/mod CGO_ENABLED=0 GOBIN=/generator/bin \
      go install -trimpath -ldflags=-s github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 && \
    cp /usr/local/go/bin/go /generator/bin/ && \
    cp /usr/local/go/VERSION /usr/local/go/go.env /generator/ && \
    mkdir -p /generator/pkg/tool

# The generator of Python clients, at its final path, because a virtual environment contains its own path.
FROM node AS python-generator
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY generators/requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/python-generator && /opt/python-generator/bin/pip install -r requirements.txt

FROM node
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Nexus" \
      org.opencontainers.image.description="The control plane for AI agents" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    ENVIRONMENT=production \
    API_HOST=0.0.0.0 \
    API_PORT=8000 \
    NEXUS_DATA_DIR=/data \
    CLIENT_GENERATOR_PYTHON=/opt/python-generator/bin/openapi-python-client \
    CLIENT_GENERATOR_GO=/opt/go-generator/bin/oapi-codegen \
    HOME=/tmp
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
COPY --from=python-generator /opt/python-generator /opt/python-generator
COPY --from=go-generator /generator /opt/go-generator
WORKDIR /app
# package.json and the lock file stay in the image for vulnerability scanners.
COPY --from=dependencies /app ./
COPY --from=build /app/dist ./dist
COPY --from=build /app/console/dist ./console/dist
COPY openapi.json ./
RUN mkdir /data && chown 1000:1000 /data
# By number, so that Kubernetes can verify that it is not root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.API_PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between, so that signals reach Node from the start.
CMD ["node", "--max-semi-space-size=16", "--heap-growing-percent=50", "--no-allocation-site-pretenuring", "dist/main.js"]
