import { type Attributes, context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { secretValues } from '../../../shared/secret-values.js';

/** Masks secret values in what leaves the process. */
class MaskingExporter extends OTLPTraceExporter {
  override export(...[spans, done]: Parameters<OTLPTraceExporter['export']>): void {
    for (const { attributes, events, status } of spans) {
      maskAttributes(attributes);
      for (const event of events) if (event.attributes) maskAttributes(event.attributes);
      if (status.message !== undefined) status.message = secretValues.mask(status.message);
    }
    super.export(spans, done);
  }
}

function maskAttributes(attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const masked = secretValues.maskDeep(value);
    if (masked !== value) attributes[name] = masked;
  }
}

/**
 * Starts the OpenTelemetry SDK for traces alone, exporting OTLP over HTTP as JSON. Loaded only where traces are on. The SDK
 * reads the usual names itself: OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_RESOURCE_ATTRIBUTES, ...
 * @returns a function that sends the remaining spans and releases the global API
 */
export function startSdk(endpoint: string, serviceName: string): () => Promise<void> {
  const sdk = new NodeSDK({
    serviceName,
    traceExporter: new MaskingExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }),
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  return async () => {
    // An unavailable receiver must not delay shutdown.
    await sdk.shutdown().catch(() => undefined);
    trace.disable();
    context.disable();
    propagation.disable();
  };
}
