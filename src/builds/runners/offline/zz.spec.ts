import { readRequirement } from './requirement-reader.js';
const all = [
 'Build a customer support agent for our bakery that answers questions about opening hours, orders and returns. Our opening hours are Monday to Friday 7am to 6pm. Returns are accepted within 14 days. It must always be polite and must never discuss competitors.',
 'I need an assistant that calculates loan payments and converts currencies. Answers should be at most 100 words.',
 'Create a multi-agent team: a researcher who finds sources, a writer who drafts the article and an editor who reviews it. They hand over the work in turn.',
 'An agent for scheduling meetings across time zones',
 '请创建一个可以回答客户问题的智能助手',
 'Создай помощника для учителя математики, который решает уравнения',
 'Summarize daily news articles in 3 bullet points for busy executives, in a neutral tone.',
 'hello hello hello',
 'We want a JSON log analyzer bot for developers which extracts errors from log files, counts them and reports trends. Never reveal secrets.',
];
it('x', () => { for (const t of all) console.log(JSON.stringify({...readRequirement(t), text: undefined, sentences: undefined}, null, 1)); });
