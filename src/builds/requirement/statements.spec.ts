import { withoutReplaced } from './statements.js';

const changed = (requirement: string, ...changes: string[]) =>
  withoutReplaced([requirement, ...changes].join('\n\n'), changes).split('\n');

describe('withoutReplaced', () => {
  it.each([
    ['Our opening hours are 8 to 4.', 'Opening hours are now 9 to 5.'],
    ['Our opening hours are Monday to Friday 7am to 6pm.', 'Our opening hours are now 9am to 5pm.'],
    ['Our principal is Okafor.', 'Our principal is now Duarte.'],
    ['Ein Ölwechsel kostet 89 Euro.', 'Ein Ölwechsel kostet jetzt 95 Euro.'],
    ['La piscina cierra a las 21:30.', 'La piscina cierra ahora a las 22:00.'],
    ['Торт стоит 1500 рублей.', 'Торт теперь стоит 1700 рублей.'],
    ['生日蛋糕价格是168元。', '生日蛋糕价格现在是188元。'],
    ['سعر الكعكة 90 ريالا.', 'سعر الكعكة الآن 95 ريالا.'],
  ])('replaces "%s" by "%s"', (old, change) => {
    expect(changed(`A shop assistant.\n${old}`, change)).toEqual(['A shop assistant.', change]);
  });

  it.each([
    ['The Alpha costs 199 euros.', 'The Beta now costs 349 euros.'],
    ['The museum opens at 10:00.', 'The museum opens on Sundays at 12:00.'],
    ['The museum closes at 18:00.', 'The museum now opens at 9:00.'],
    ['The sauna is 80 degrees hot.', 'The sauna is closed on Tuesdays.'],
    ['Answer in 3 languages.', 'Answer in at most 50 words.'],
    ['It converts 10 km to miles.', 'It should also convert inches.'],
  ])('keeps "%s" beside "%s"', (old, change) => {
    expect(changed(old, change)).toEqual([old, change]);
  });

  it('replaces the closest statement only, and lets the latest of several changes win', () => {
    const rates = 'Delivery costs 5 euros.\nExpress delivery costs 12 euros.';
    expect(changed(rates, 'Delivery now costs 6 euros.', 'Delivery costs 7 euros.')).toEqual([
      'Express delivery costs 12 euros.',
      'Delivery costs 7 euros.',
    ]);
  });

  it('leaves a requirement without changes as it was written', () => {
    expect(withoutReplaced('One.\n\nTwo.', [])).toBe('One.\n\nTwo.');
  });
});
