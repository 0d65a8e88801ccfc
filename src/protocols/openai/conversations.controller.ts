import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, CurrentPrincipal } from '../../identity/access.decorators.js';
import type { Principal } from '../../identity/principal.js';
import { TakesBody } from '../../platform/http/envelope.interceptor.js';
import type { Message, Session } from '../../sessions/session.js';
import { SessionTurns, TURN_WAIT_MS } from '../../sessions/session-turns.service.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { NotFoundError } from '../../shared/domain-error.js';
import { itemSchema, itemsOfStored, messagesOf, placeOf } from './items.js';
import {
  listed,
  listSchema,
  metadata,
  optional,
  read,
  seconds,
  sessionId,
  ApiItemPage,
  ApiItems,
  ApiObject,
  ApiOpenAiErrors,
  ApiZodBody,
  OpenAiRoutes,
} from './openai-body.js';

const items = z.array(itemSchema).max(20);
const createSchema = z.object({ metadata, items: optional(items) });
const updateSchema = z.object({
  metadata: z.record(z.string().max(64), z.string().max(512)).meta({ example: { topic: 'orders' } }),
});
const addSchema = z.object({
  items: items.min(1).meta({ example: [{ type: 'message', role: 'user', content: 'Where is my order?' }] }),
});

/** Sessions as conversations. A conversation belongs to the first agent that speaks in it. */
@OpenAiRoutes()
@Access('developer')
@Controller('v1/conversations')
export class OpenAiConversationsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly turns: SessionTurns,
  ) {}

  @Post()
  @TakesBody('conversation')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Create a conversation',
    operationId: 'openaiCreateConversation',
    description: 'Creates a conversation. It belongs to the first agent that answers in it, as a session.',
  })
  @ApiZodBody(createSchema, { metadata: { topic: 'orders' } })
  @ApiObject('The conversation.', 'conversation')
  @ApiOpenAiErrors(400, 409, 413, 415, 422)
  async create(@CurrentPrincipal() { org_id, user_id }: Principal, @Body() given: unknown) {
    const body = read(createSchema, given);
    const messages = messagesOf(body.items ?? []);
    return view(await this.sessions.createWithoutAgent({ org_id, user_id, metadata: body.metadata }, messages));
  }

  @Get(':conversation_id')
  @Access('viewer')
  @ApiOperation({
    summary: 'Get a conversation',
    operationId: 'openaiGetConversation',
    description: 'Returns the conversation with its metadata.',
  })
  @ApiObject('The conversation.', 'conversation')
  @ApiOpenAiErrors(404)
  async get(@CurrentPrincipal() { org_id }: Principal, @Param('conversation_id') id: string) {
    return view(await this.sessions.get(org_id, sessionId(id)));
  }

  @Post(':conversation_id')
  @HttpCode(200)
  @ApiOperation({
    summary: "Change a conversation's metadata",
    operationId: 'openaiUpdateConversation',
    description: 'Replaces the metadata.',
  })
  @ApiZodBody(updateSchema)
  @ApiObject('The conversation.', 'conversation')
  @ApiOpenAiErrors(400, 404, 409, 413, 415, 422)
  async update(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('conversation_id') id: string,
    @Body() given: unknown,
  ) {
    const body = read(updateSchema, given);
    return view(await this.sessions.setMetadata(org_id, sessionId(id), body.metadata));
  }

  /** Deletes the session with its messages. */
  @Delete(':conversation_id')
  @ApiOperation({
    summary: 'Delete a conversation',
    operationId: 'openaiDeleteConversation',
    description: 'Deletes the conversation with its items.',
  })
  @ApiObject('The conversation is deleted.', 'conversation.deleted', {
    id: { type: 'string' },
    deleted: { type: 'boolean' },
  })
  @ApiOpenAiErrors(404)
  async delete(@CurrentPrincipal() { org_id }: Principal, @Param('conversation_id') id: string) {
    await this.sessions.delete(org_id, sessionId(id));
    return { id, object: 'conversation.deleted', deleted: true };
  }

  @Get(':conversation_id/items')
  @Access('viewer')
  @ApiOperation({
    summary: "List a conversation's items",
    operationId: 'openaiListItems',
    description: "Lists the conversation's items. `order` is `asc` or `desc`; `after` continues after an item.",
  })
  @ApiItemPage()
  @ApiOpenAiErrors(400, 404)
  async list(@CurrentPrincipal() { org_id }: Principal, @Param('conversation_id') id: string, @Query() given: unknown) {
    const range = read(listSchema, given);
    const from = range.after === undefined ? undefined : placeOf(range.after)?.sequence;
    // One message more than the page, and the one that `after` may stand in the middle of.
    const { order, limit } = range;
    const messages = await this.sessions.messagesFrom(org_id, sessionId(id), { order, limit: limit + 2, from });
    const all = messages.flatMap((message) =>
      order === 'asc' ? itemsOfStored(message) : itemsOfStored(message).reverse(),
    );
    return listed(all, range);
  }

  /** Adds items without running an agent. */
  @Post(':conversation_id/items')
  @TakesBody('conversation')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Add items to a conversation',
    operationId: 'openaiCreateItems',
    description: 'Adds items without running an agent.',
  })
  @ApiZodBody(addSchema)
  @ApiItems()
  @ApiOpenAiErrors(400, 404, 409, 413, 415, 422)
  async add(@CurrentPrincipal() { org_id }: Principal, @Param('conversation_id') id: string, @Body() given: unknown) {
    const messages = messagesOf(read(addSchema, given).items);
    const turn = await this.turns.take(org_id, sessionId(id), TURN_WAIT_MS);
    try {
      const added = await turn.appendAll(messages, { endsTurn: true });
      return listed(added.flatMap(itemsOfStored), { limit: Infinity, after: undefined });
    } finally {
      await turn.end();
    }
  }

  @Get(':conversation_id/items/:item_id')
  @Access('viewer')
  @ApiOperation({
    summary: 'Get an item of a conversation',
    operationId: 'openaiGetItem',
    description: 'Returns a message, call or result of the conversation.',
  })
  @ApiObject('The item.')
  @ApiOpenAiErrors(404)
  async item(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('conversation_id') id: string,
    @Param('item_id') item_id: string,
  ) {
    const message = await this.holding(org_id, id, item_id);
    const item = itemsOfStored(message).find((one) => one.id === item_id);
    if (!item) throw new NotFoundError('Item', item_id);
    return item;
  }

  /** Deletes the message that the item belongs to: an answer goes with the calls that were made in it. */
  @Delete(':conversation_id/items/:item_id')
  @ApiOperation({
    summary: 'Delete an item of a conversation',
    operationId: 'openaiDeleteItem',
    description: 'Deletes the message that contains the item, with its calls. Later answers do not see it.',
  })
  @ApiObject('The conversation.', 'conversation')
  @ApiOpenAiErrors(404)
  async deleteItem(
    @CurrentPrincipal() { org_id }: Principal,
    @Param('conversation_id') id: string,
    @Param('item_id') item_id: string,
  ) {
    const { sequence } = await this.holding(org_id, id, item_id);
    return view(await this.sessions.deleteMessage(org_id, sessionId(id), sequence));
  }

  /** @throws NotFoundError */
  private async holding(org_id: string, conversation_id: string, item_id: string): Promise<Message> {
    const place = placeOf(item_id);
    const message = await this.sessions.findMessage(org_id, sessionId(conversation_id), place?.sequence ?? 0);
    if (!message || message.message_id !== place?.message_id) throw new NotFoundError('Item', item_id);
    return message;
  }
}

const view = ({ session_id, created_at, metadata: given }: Session) => ({
  id: session_id.replace(/^sess_/, 'conv_'),
  object: 'conversation',
  created_at: seconds(created_at),
  metadata: given,
});
