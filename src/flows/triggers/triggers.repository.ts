import { Injectable } from '@nestjs/common';
import { DynamoDb, conditionFailed } from '../../platform/database/client/dynamodb.js';
import { CursorCodec, pageOf } from '../../platform/database/cursors.js';
import { pack, type PackedText, unpack } from '../../platform/database/packed-text.js';
import { UnitOfWork, write, type Write } from '../../platform/database/unit-of-work.js';
import type { Page } from '../../shared/page.js';
import { ownerOf, type PageWish, pageWish } from '../flows.repository.js';
import type { FlowEventType, FlowTrigger } from './trigger.js';

const TABLE = 'Flows';
const DUE = 'DUE';
const IS_STILL_DUE = 'due_at = :seen';
const IS_THERE = 'attribute_exists(#owner)';
const NAMES = { '#owner': 'owner' };

/** What a trigger is stored as: its settings are the caller's JSON, kept as text. */
type StoredTrigger = Omit<FlowTrigger, 'schedule' | 'webhook' | 'event'> & { config: PackedText };

/** Triggers under their flow, with an entry for the hook or the event by which they are found. */
@Injectable()
export class TriggersRepository {
  constructor(
    private readonly db: DynamoDb,
    private readonly unit: UnitOfWork,
    private readonly cursors: CursorCodec,
  ) {}

  async create(trigger: FlowTrigger): Promise<void> {
    await this.unit.commit([write.put({ TableName: TABLE, Item: itemOf(trigger) }), ...entriesOf(trigger)]);
  }

  async find(org_id: string, flow_id: string, trigger_id: string): Promise<FlowTrigger | undefined> {
    const stored = await this.db.get<StoredTrigger>(TABLE, keyOf({ org_id, flow_id, trigger_id }));
    return stored && triggerOf(stored);
  }

  /** The trigger behind the public address of a webhook. */
  async findByHook(hook_id: string): Promise<FlowTrigger | undefined> {
    const entry = await this.db.get<FlowTrigger>(TABLE, { owner: `HOOK#${hook_id}`, item: 'HOOK' });
    return entry && this.find(entry.org_id, entry.flow_id, entry.trigger_id);
  }

  /** GET /flows/{id}/triggers: newest first. */
  async list(org_id: string, flow_id: string, page: PageWish): Promise<Page<FlowTrigger>> {
    const { items, last_key } = await pageOf<StoredTrigger>(this.db, this.cursors, {
      query: {
        TableName: TABLE,
        KeyConditionExpression: '#owner = :owner AND begins_with(#item, :trigger)',
        ExpressionAttributeNames: { ...NAMES, '#item': 'item' },
        ExpressionAttributeValues: { ':owner': ownerOf({ org_id, flow_id }), ':trigger': 'TRIGGER#' },
        ScanIndexForward: false,
        ConsistentRead: true,
      },
      scope: `flow-triggers:${org_id}:${flow_id}`,
      ...pageWish(page),
      key_attributes: ['owner', 'item'],
    });
    return { items: items.map(triggerOf), last_key };
  }

  /** Enabled triggers of an organization that wait for this event. */
  async byEvent(org_id: string, type: FlowEventType): Promise<FlowTrigger[]> {
    const found: FlowTrigger[] = [];
    const entries = this.db.queryAll<FlowTrigger>({
      TableName: TABLE,
      KeyConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: NAMES,
      ExpressionAttributeValues: { ':owner': `EVENT#${org_id}#${type}` },
      ConsistentRead: true,
    });
    for await (const { flow_id, trigger_id } of entries) {
      const trigger = await this.find(org_id, flow_id, trigger_id);
      if (trigger?.enabled) found.push(trigger);
    }
    return found;
  }

  /** Keys of schedules whose time has come, the oldest first. */
  async due(now: string, limit: number): Promise<{ org_id: string; flow_id: string; trigger_id: string }[]> {
    const { items } = await this.db.query<{ owner: string; item: string }>({
      TableName: TABLE,
      IndexName: 'DueIndex',
      KeyConditionExpression: 'due = :due AND due_at <= :now',
      ExpressionAttributeValues: { ':due': DUE, ':now': now },
      Limit: limit,
    });
    return items.map(({ owner, item }) => {
      const [, org_id = '', flow_id = ''] = owner.split('#');
      return { org_id, flow_id, trigger_id: item.slice('TRIGGER#'.length) };
    });
  }

  /** Stores that a schedule has fired. @returns false when another process has done so */
  async advance(trigger: FlowTrigger, seen: string): Promise<boolean> {
    try {
      await this.db.put({
        TableName: TABLE,
        Item: itemOf(trigger),
        ConditionExpression: IS_STILL_DUE,
        ExpressionAttributeValues: { ':seen': seen },
      });
      return true;
    } catch (error) {
      if (conditionFailed(error)) return false;
      throw error;
    }
  }

  /** Notes what came of the last call or event. Harmless when the trigger has been deleted. */
  async note(trigger: FlowTrigger, at: string, run_id: string | null, error: string | null): Promise<void> {
    try {
      await this.db.update({
        TableName: TABLE,
        Key: keyOf(trigger),
        UpdateExpression: 'SET last_fired_at = :at, last_run_id = :run, last_error = :error',
        ConditionExpression: IS_THERE,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: { ':at': at, ':run': run_id, ':error': error },
      });
    } catch (failure) {
      if (!conditionFailed(failure)) throw failure;
    }
  }

  async delete(trigger: FlowTrigger): Promise<void> {
    const entries = entryKeys(trigger);
    await this.db.batchDelete(TABLE, [...entries, keyOf(trigger)]);
  }

  /** Every trigger of a flow, before it is archived. */
  async deleteByFlow(org_id: string, flow_id: string): Promise<void> {
    for (;;) {
      const { items } = await this.list(org_id, flow_id, { limit: 100 });
      for (const trigger of items) await this.delete(trigger);
      if (items.length < 100) return;
    }
  }
}

const keyOf = ({ org_id, flow_id, trigger_id }: Pick<FlowTrigger, 'org_id' | 'flow_id' | 'trigger_id'>) => ({
  owner: ownerOf({ org_id, flow_id }),
  item: `TRIGGER#${trigger_id}`,
});

/** Where a trigger is found by its hook or its event. */
function entryKeys({ org_id, trigger_id, hook_id, event }: FlowTrigger): { owner: string; item: string }[] {
  return [
    ...(hook_id === undefined ? [] : [{ owner: `HOOK#${hook_id}`, item: 'HOOK' }]),
    ...(event ? [{ owner: `EVENT#${org_id}#${event.type}`, item: trigger_id }] : []),
  ];
}

function entriesOf(trigger: FlowTrigger): Write[] {
  const { org_id, flow_id, trigger_id } = trigger;
  return entryKeys(trigger).map((key) =>
    write.put({ TableName: TABLE, Item: { ...key, org_id, flow_id, trigger_id } }),
  );
}

function itemOf({ schedule, webhook, event, ...trigger }: FlowTrigger): Record<string, unknown> {
  const isDue = trigger.enabled && trigger.due_at !== undefined;
  return {
    ...{ ...trigger, ...keyOf(trigger), config: pack(JSON.stringify({ schedule, webhook, event })) },
    ...(isDue ? { due: DUE } : {}),
  };
}

function triggerOf(stored: StoredTrigger & { owner?: string; item?: string; due?: string }): FlowTrigger {
  const { owner: _, item: __, due: ___, config, ...trigger } = stored;
  return { ...trigger, ...(JSON.parse(unpack(config)) as Pick<FlowTrigger, 'schedule' | 'webhook' | 'event'>) };
}
