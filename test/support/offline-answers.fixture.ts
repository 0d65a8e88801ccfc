import { answerConversation } from '../../src/models/offline/conversation-answer.js';
import type { OfferedTool } from '../../src/models/offline/phrases.js';
import type { Conversation } from '../../src/models/offline/conversation-memory.js';
import { serve } from '../../src/platform/async/worker-jobs.js';

const NAMES = ['calculator', 'date_time', 'unit_conversion', 'text_statistics', 'json_query', 'knowledge_lookup'];
const tools = new Map<string, OfferedTool>(
  NAMES.map((name) => [name, { name, description: name, inputSchema: { type: 'object' } }]),
);

/** The rules of the offline model, in a process that a slow pattern cannot take along. */
export const offlineJobs = {
  answer: async () => (conversation: Conversation) => answerConversation(conversation, tools).type,
};

export default serve(offlineJobs);
