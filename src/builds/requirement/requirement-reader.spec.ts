import { readRequirement } from './requirement-reader.js';

const BAKERY =
  'Build a customer support agent for our bakery that answers questions about opening hours, orders and returns. Our opening hours are Monday to Friday 7am to 6pm. Returns are accepted within 14 days. It must always be polite and must never discuss competitors.';

describe('readRequirement', () => {
  it('finds job, audience, tasks, rules and tone', () => {
    expect(readRequirement(BAKERY)).toMatchObject({
      intent: 'new_project',
      subject: 'customer support agent',
      audience: 'our bakery',
      slug: 'customer_support_agent',
      category: 'customer_service',
      capabilities: [{ verb: 'answer', text: 'answer questions about opening hours, orders, returns' }],
      rules: ['It must always be polite and must never discuss competitors.'],
      tone: ['polite'],
      roles: [],
    });
  });

  it.each(['? ? ? ? ? ?', '..........', '!?!?!?!?!?'])('reads "%s", which says nothing, as a general task', (text) => {
    expect(readRequirement(text)).toMatchObject({
      intent: 'unclear',
      subject: 'general assistant',
      capabilities: [{ verb: 'handle', text: 'handle requests' }],
    });
  });

  it('makes a question and a key from every stated fact', () => {
    expect(readRequirement(BAKERY).facts).toEqual([
      {
        statement: 'Our opening hours are Monday to Friday 7am to 6pm.',
        question: 'What are your opening hours?',
        key: '7am',
      },
      { statement: 'Returns are accepted within 14 days.', question: 'What can you tell me about returns?', key: '14' },
    ]);
  });

  it('does not mistake wishes for facts', () => {
    expect(
      readRequirement('The answer is short. The agent is friendly. Our users should be 18. It opens tickets.').facts,
    ).toEqual([]);
  });

  it('reads several tasks from one sentence', () => {
    const { capabilities } = readRequirement(
      'We want a bot for developers which extracts values from JSON logs, counts errors and reports trends.',
    );
    expect(capabilities.map((one) => one.text)).toEqual([
      'extract values from JSON logs',
      'count errors',
      'report trends',
    ]);
  });

  it('reads numbers with their bound and unit', () => {
    const { limits } = readRequirement(
      'Create a writer assistant. Answers have at most 150 words and give 3 suggestions within 2 seconds.',
    );
    expect(limits).toEqual([
      { text: 'at most 150 words', bound: 'at_most', value: 150, unit: 'words' },
      { text: '3 suggestions', bound: 'exactly', value: 3, unit: 'suggestions' },
      { text: 'within 2 seconds', bound: 'at_most', value: 2, unit: 'seconds' },
    ]);
  });

  it('finds roles only where cooperation is described', () => {
    const team = readRequirement(
      'Create a multi-agent team: a researcher who finds arguments, a writer who drafts the article and an editor who reviews it.',
    );
    expect(team.roles).toEqual([
      { name: 'researcher', responsibility: 'finds arguments' },
      { name: 'writer', responsibility: 'drafts the article' },
      { name: 'editor', responsibility: 'reviews it' },
    ]);
    expect(team.subject).toBe('researcher, writer and editor team');
    expect(
      readRequirement('An assistant for a writer who drafts articles and an editor who reviews them.').roles,
    ).toEqual([]);
    expect(readRequirement('Build a multi-agent system that answers questions.').roles).toEqual([]);
  });

  it.each([
    ['Update my existing invoice agent to also compute VAT.', 'existing_project'],
    ['ok ok 12345678', 'unclear'],
    ['请创建一个可以回答客户问题的智能助手', 'new_project'],
  ])('reads the intent of "%s" as %s', (requirement, intent) => {
    expect(readRequirement(requirement).intent).toBe(intent);
  });

  it.each([
    ['Un agent pour le musée. Le billet coûte 11 euros.', 'musee_assistant'],
    ['Um agente para o clube. A mensalidade custa 90 reais.', 'clube_assistant'],
    ['Ein Assistent für unsere Werkstatt. Ein Ölwechsel kostet 89 Euro.', 'werkstatt_assistant'],
    ['Помощник для нашей пекарни. Торт стоит 1500 рублей.', 'pekarni_assistant'],
    ['مساعد للمتحف. سعر التذكرة 40 درهما.', 'llmthf_assistant'],
    ['A helper for the reception of our clinic. Parking costs 2 dollars per hour.', 'reception_clinic_assistant'],
    ['博物馆导览助手。门票价格是60元。参观时间为90分钟。', expect.stringMatching(/^agent_[0-9a-f]{8}$/) as string],
  ])('names the agent by the nouns of "%s"', (requirement, slug) => {
    expect(readRequirement(requirement).slug).toEqual(slug);
  });

  it.each([
    ['Der Eintritt kostet 6 Euro.', 'Der Eintritt kostet … Euro?', '6'],
    ['门票价格是60元。', '门票价格是…元?', '60'],
    ['Basic plan: 9 EUR per seat', 'Basic plan: … EUR per seat?', '9'],
  ])('takes a figure in any language as a fact: %s', (statement, question, key) => {
    expect(readRequirement(`Ok. ${statement}`).facts).toEqual([{ statement, question, key }]);
  });

  it.each([
    ['A team of a researcher, a writer and a reviewer that produces reports.', ['researcher', 'writer', 'reviewer']],
    [
      'A supervisor that hands questions to billing and shipping specialists.',
      ['billing specialist', 'shipping specialist'],
    ],
    ['Build a support team: a clerk who counts words and a tutor who explains rules.', ['clerk', 'tutor']],
    ['A bot for our team of two people that answers questions about orders.', []],
  ])('finds the roles of "%s"', (requirement, names) => {
    expect(readRequirement(requirement).roles.map(({ name }) => name)).toEqual(names);
  });

  it('keeps a requirement in another language as it is', () => {
    const profile = readRequirement('请创建一个可以回答客户问题的智能助手');
    expect(profile.capabilities).toEqual([
      { verb: 'handle', text: 'handle requests as described: 请创建一个可以回答客户问题的智能助手' },
    ]);
    expect(profile.slug).toMatch(/^agent_[0-9a-f]{8}$/);
  });

  it.each([
    'a ',
    'for the ',
    'an agent for ',
    'one agent that ',
    'team of a writer who ',
    'team of a b, ',
    'hands to a, b and ',
    'our is ',
    '. ',
    'send ',
    'update my ',
    'add x to ',
  ])('reads 5,000 characters of "%s" in bounded time', (part) => {
    const started = performance.now();
    readRequirement(part.repeat(Math.ceil(5000 / part.length)));
    expect(performance.now() - started).toBeLessThan(1500);
  });
});
