import { answerConversation } from './conversation-answer.js';
import type { OfferedTool } from './phrases.js';

const answer = (latest: string, tools: string[] = []) =>
  answerConversation(
    { system: 'You are a budget assistant.', earlier: [], latest, outcomes: [] },
    new Map(tools.map((name): [string, OfferedTool] => [name, { name, description: name, inputSchema: {} }])),
  );

const CASES: Record<string, [advice: string, ...messages: string[]]> = {
  English: [
    'Call your emergency number now: 112 in Europe, 911 in North America',
    'My father is not breathing!',
    'my friend took an overdose, what do i do',
    'I want to kill myself.',
  ],
  German: [
    'Rufen Sie jetzt den Notruf 112.',
    'Mein Vater atmet nicht mehr!',
    'Sie hat eine Überdosis genommen',
    'Ich will mich umbringen',
  ],
  French: [
    'Appelez les secours maintenant : le 15 ou le 112.',
    'Mon père ne respire plus',
    'Elle a fait une overdose',
    'Je veux me suicider',
  ],
  Spanish: [
    'Llame ahora al número de emergencias',
    'Mi padre no respira',
    'Mi amiga tomó una sobredosis',
    'Quiero quitarme la vida',
  ],
  Portuguese: [
    'Ligue agora para a emergência',
    'Meu pai não está respirando',
    'Ela tomou comprimidos demais',
    'Não quero mais viver',
  ],
  Russian: ['Сейчас же звоните в скорую', 'Мой отец не дышит', 'У подруги передозировка', 'Я хочу покончить с собой'],
  Chinese: ['请立即拨打急救电话 120', '我爸爸没有呼吸了', '他服药过量', '我想自杀'],
  Arabic: ['اتصل الآن برقم الطوارئ', 'أبي لا يتنفس', 'تناولت صديقتي جرعة زائدة', 'أفكر في الانتحار'],
};

describe('an emergency in a message', () => {
  it.each(
    Object.entries(CASES).flatMap(([language, [advice, ...messages]]) =>
      messages.map((message): [string, string, string] => [language, message, advice]),
    ),
  )('gets the advice to call for help first: %s, %s', (_, message, advice) => {
    const reply = answer(message, ['calculator', 'date_time']);
    expect(reply.type === 'text' && reply.text.startsWith(advice)).toBe(true);
  });

  it('takes no other part of the message before the advice, and confirms nothing as a note', () => {
    expect(answer('My father is not breathing. My name is Ada. What is 2 + 3?', ['calculator'])).toEqual({
      type: 'text',
      text: expect.stringMatching(/^Call your emergency number now: .* or tell someone near you now\.$/) as string,
    });
  });

  it('still looks a question up in the documents of the agent', () => {
    expect(answer('What is the first step for an unconscious patient?', ['knowledge_lookup'])).toMatchObject({
      type: 'call',
      tool: 'knowledge_lookup',
    });
  });

  it.each([
    'What is 2 + 3?',
    'My name is Ada.',
    'How many breaths does a person take a day?',
    'Der Kuchen muss noch ruhen.',
    'Le train est plein.',
    '请把这句话翻译成英文',
  ])('is not seen in: %s', (message) => {
    const reply = answer(message);
    expect(JSON.stringify(reply)).not.toMatch(/112|120/);
  });
});
