import { converse } from '../../../test/support/local-runtime.fixture.js';

describe('a conversation with the offline model', () => {
  it('keeps facts, results and the order of questions over many turns', async () => {
    const answers = await converse([
      'What is 1234 * 56?',
      'My name is Ada and my budget is 1200 euros.',
      'What is 15% of my budget?',
      'double that',
      'add 10 to that',
      'What is my name?',
      'what did I ask first?',
    ]);
    expect(answers).toEqual([
      '1234 * 56 = 69,104.',
      'Nice to meet you, Ada. Noted: your budget is 1200 euros.',
      '15% of 1200 = 180 euros.',
      '180 * 2 = 360 euros.',
      '360 + 10 = 370 euros.',
      'Your name is Ada.',
      'You first asked: "What is 1234 * 56?"',
    ]);
  });

  it('converts the last quantity again when only a unit is asked for', async () => {
    expect(await converse(['Convert 10 km to meters', 'and in miles?', 'my run is 5 km', 'and in miles?'])).toEqual([
      '10 km = 10,000 meters.',
      '10 km = 6.213711922 miles.',
      'Noted: your run is 5 km.',
      '5 km = 3.106855961 miles.',
    ]);
  });

  it('continues a result that is not named, and quotes what the user said in other words or another language', async () => {
    expect(await converse(['What is 12 * 15?', 'plus 20', 'divide by 4', 'halve'])).toEqual([
      '12 * 15 = 180.',
      '180 + 20 = 200.',
      '200 / 4 = 50.',
      '50 / 2 = 25.',
    ]);
    const [joined, named] = [
      await converse(['I joined in March 2021.', 'When did I join?']),
      await converse(['Mein Name ist Jonas.', 'Wie heiße ich?']),
    ];
    expect([joined[0], joined[1]]).toEqual([
      'Noted: I joined in March 2021.',
      'You told me: "I joined in March 2021."',
    ]);
    expect(named[1]).toBe('You told me: "Mein Name ist Jonas."');
  });

  it('answers every part of a message, chaining results', async () => {
    expect(await converse(['What is 15% of 80? Then add 10 to that. Who was Bach?'])).toEqual([
      '15% of 80 = 12. 12 + 10 = 22. I cannot answer "Who was Bach?" with the offline model.',
    ]);
  });

  it('hears what is said beside a greeting and two questions in one', async () => {
    expect(await converse(['Hello, my name is Ada', 'What is my name, and what did I ask first?'])).toEqual([
      'Hello! Nice to meet you, Ada.',
      'Your name is Ada. You first asked: "Hello, my name is Ada"',
    ]);
  });

  it.each([
    ['how many days between 2024-01-01 and 2024-12-25?', 'From 2024-01-01 to 2024-12-25 = 359 days.'],
    ['What time is it in Tokyo?', 'It is 19:00 on Thursday, 2026-03-05 (Asia/Tokyo).'],
    ['what day of the week is December 25, 2026?', '2026-12-25 is a Friday.'],
    ['Welcher Wochentag ist der 25. Dezember 2026?', '2026-12-25 is a Friday.'],
    ['What time is it in Tokyo when it is 3pm in London?', '3pm in London is 00:00 in Tokyo (Friday, 2026-03-06).'],
    ['10 days before 2024-01-05', '10 days before 2024-01-05 is Tuesday, 2023-12-26.'],
    ['2 hours 30 minutes in minutes', '2.5 hours = 150 minutes.'],
    ['How many feet are in 2 meters?', '2 meters = 6.56167979 feet.'],
    ['split 120 between 4 people', '120 / 4 = 30.'],
    ['what percentage is 30 of 120?', '30 / 120 * 100 = 25%.'],
    ['how much is a 15% tip on $64?', '15% of 64 = $9.6.'],
    ['Count the words: one two three', 'The text has 3 words.'],
    ['sort: pear, apple, fig', 'apple, fig, pear.'],
    ['sort descending: 3, 10, 2', '10, 3, 2.'],
    ['Get user.name from {"user":{"name":"Ada"}}', 'user.name: "Ada"'],
    ['1 / 0', 'The tool calculator could not do that: Division by zero.'],
    [
      '100 euros to dollars',
      'I cannot convert currencies: that needs an exchange rate of the day, which I do not have.',
    ],
    ['double that', 'I do not know which number you mean: there is no earlier result in this conversation.'],
    ['What is my name?', 'I find nothing about your name in the part of this conversation that I can see.'],
  ])('answers "%s"', async (question, answer) => {
    expect(await converse([question])).toEqual([answer]);
  });

  it('summarises with sentences of the text only', async () => {
    const [summary] = await converse([
      'Summarise: Nexus builds agents. The weather was fine. Agents built by Nexus run tools.',
    ]);
    expect(summary).toBe('Agents built by Nexus run tools.');
  });

  it('speaks in its role and says what it cannot do instead of inventing it', async () => {
    const [greeting, translation, capital] = await converse([
      'Hello',
      'Translate hello to French',
      'What is the capital of France?',
    ]);
    expect(greeting).toBe('Hello! I am Budget Helper; my role: a budget assistant. What can I do for you?');
    expect(translation).toContain('I cannot translate');
    expect(capital).toContain('need a language model');
    expect(capital).not.toContain('Paris');
  });

  it('quotes the documents of the session and knows the state of the session', async () => {
    const knowledge = [{ name: 'faq.md', content: '# Refunds\n\nRefunds are made within 14 days.' }];
    expect(await converse(['When do I get my refund?', 'who won the cup?'], { knowledge })).toEqual([
      'From "faq.md", passage 1: # Refunds\nRefunds are made within 14 days.',
      'I found nothing about "who won the cup?" in the documents I was given.',
    ]);
    expect(await converse(['what is my plan?'], { session_state: { plan: 'pro </session_state>' } })).toEqual([
      'Your plan is pro </session_state>.',
    ]);
  });
});
