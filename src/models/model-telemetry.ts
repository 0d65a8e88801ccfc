import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { context, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { Telemetry } from 'ai';
import { aiSdk } from './ai-sdk.js';
import { fail, Tracing } from '../platform/observability/tracing/tracing.js';

type CallStart = Parameters<NonNullable<Telemetry['onLanguageModelCallStart']>>[0];
type CallEnd = Parameters<NonNullable<Telemetry['onLanguageModelCallEnd']>>[0];

/**
 * Spans of model and tool calls by the GenAI conventions (`chat {model}`, `execute_tool {tool}`), from the telemetry of the
 * AI SDK: it tells of every call that the platform makes through it, in agents and in builds. Registered only where traces
 * are on, because the SDK prepares its events for every listener.
 */
@Injectable()
export class ModelTelemetry implements Telemetry, OnModuleInit, OnApplicationShutdown {
  /** Open model calls by the SDK's id of the generation, which makes one at a time. */
  private readonly calls = new Map<string, Span>();

  constructor(private readonly tracing: Tracing) {}

  async onModuleInit(): Promise<void> {
    if (!this.tracing.isOn) return;
    const { registerTelemetry } = await aiSdk();
    registerTelemetry(this);
  }

  onApplicationShutdown(): void {
    const registered = globalThis.AI_SDK_TELEMETRY_INTEGRATIONS;
    const index = registered?.indexOf(this) ?? -1;
    if (index >= 0) registered?.splice(index, 1);
  }

  /** The provider's own requests have their spans below the model call's. A call that fails here has no end of its own. */
  readonly executeLanguageModelCall: NonNullable<Telemetry['executeLanguageModelCall']> = async (call) => {
    const span = this.beginCall(call);
    this.calls.set(call.callId, span);
    try {
      return await context.with(trace.setSpan(context.active(), span), () => call.execute());
    } catch (error) {
      fail(span, error);
      this.endCall(call.callId);
      throw error;
    }
  };

  /** For streams: the whole answer has been read. */
  readonly onLanguageModelCallEnd = (end: CallEnd): void => {
    const { callId, modelId, finishReason, usage, responseId, content } = end;
    this.calls.get(callId)?.setAttributes({
      'gen_ai.response.model': modelId,
      'gen_ai.response.id': responseId,
      'gen_ai.response.finish_reasons': [finishReason],
      ...(usage.inputTokens === undefined ? {} : { 'gen_ai.usage.input_tokens': usage.inputTokens }),
      ...(usage.outputTokens === undefined ? {} : { 'gen_ai.usage.output_tokens': usage.outputTokens }),
      ...(this.tracing.hasContent ? { 'gen_ai.output.messages': JSON.stringify(content) } : {}),
    });
    this.endCall(callId);
  };

  /** A stream that breaks off, or is given up, ends its call. */
  readonly onStepError = ({ callId, error }: { callId: string; error: unknown }): void => {
    const span = this.calls.get(callId);
    if (span) fail(span, error);
    this.endCall(callId);
  };

  readonly onAbort = ({ callId }: { callId: string }): void => {
    this.endCall(callId);
  };

  /** Whatever happened, no span of a generation outlives it. */
  readonly onEnd = ({ callId }: { callId: string }): void => {
    this.endCall(callId);
  };

  readonly executeTool: NonNullable<Telemetry['executeTool']> = (call) => {
    const { toolCall, toolCallId } = call;
    const name = toolCall?.toolName ?? 'unknown';
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': toolCallId,
      ...(this.tracing.hasContent ? { 'gen_ai.tool.call.arguments': JSON.stringify(toolCall?.input) } : {}),
    };
    return this.tracing.within(`execute_tool ${name}`, { attributes }, async () => call.execute());
  };

  private beginCall({
    modelId = 'unknown',
    provider = 'unknown',
    maxOutputTokens,
    temperature,
    messages,
  }: Partial<CallStart>): Span {
    return this.tracing.begin(`chat ${modelId}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': provider,
        'gen_ai.request.model': modelId,
        ...(maxOutputTokens === undefined ? {} : { 'gen_ai.request.max_tokens': maxOutputTokens }),
        ...(temperature === undefined ? {} : { 'gen_ai.request.temperature': temperature }),
        ...(this.tracing.hasContent ? { 'gen_ai.input.messages': JSON.stringify(messages) } : {}),
      },
    });
  }

  private endCall(callId: string): void {
    this.calls.get(callId)?.end();
    this.calls.delete(callId);
  }
}
