/** What people write when a life is in danger, and what to tell them, by language. */
const EMERGENCIES: readonly { signs: RegExp; advice: string }[] = [
  {
    signs:
      /\b(?:not breathing|stopped breathing|isn['’]?t breathing|can(?:['’]?t|not) breathe|no pulse|unconscious|unresponsive|overdos(?:e|ed|ing)|too many (?:pills|tablets)|swallowed (?:bleach|poison|pills)|heart attack|having a stroke|chok(?:es|ing)|bleeding (?:heavily|badly|out|a lot)|(?:kill|hurt|harm) (?:myself|himself|herself|themselves)|suicid(?:e|al)|end (?:my|his|her) life|want(?:s)? to die|don['’]?t want to live)\b/iu,
    advice:
      'Call your emergency number now: 112 in Europe, 911 in North America, 999 in the UK. Stay with the person and do what the operator says. If you think of suicide, call or text 988 in the US or 116 123 in the UK, or tell someone near you now.',
  },
  {
    signs:
      /atmet (?:\p{L}+ ){0,2}nicht|nicht mehr (?:atmet|atmen)|keine luft mehr|kein(?:en)? puls|bewusstlos|ohnmächtig|überdosis|zu viele (?:tabletten|pillen)|herzinfarkt|schlaganfall|erstickt|verblutet|blutet stark|umbringen|selbstmord|suizid|das leben nehmen|nicht mehr leben|will sterben/iu,
    advice:
      'Rufen Sie jetzt den Notruf 112. Bleiben Sie bei der Person und tun Sie, was die Leitstelle sagt. Bei Gedanken an Suizid: Telefonseelsorge 0800 111 0 111, oder sagen Sie es sofort jemandem in Ihrer Nähe.',
  },
  {
    signs:
      /ne respire (?:plus|pas)|n['’]arrive (?:plus|pas) à respirer|plus de pouls|inconscient|évanoui|surdose|(?:une|en|par) overdose|trop de (?:cachets|comprimés|médicaments)|crise cardiaque|infarctus|\bavc\b|s['’]étouffe|saigne (?:beaucoup|abondamment)|me (?:suicider|tuer)|se (?:suicider|tuer)|(?:le|du|au) suicide|en finir avec la vie|envie de mourir|veux mourir|veut mourir/iu,
    advice:
      'Appelez les secours maintenant : le 15 ou le 112. Restez auprès de la personne et suivez les consignes. En cas de pensées suicidaires, appelez le 3114, ou parlez-en tout de suite à un proche.',
  },
  {
    signs:
      /no respira|no puede respirar|no puedo respirar|sin pulso|inconsciente|se desmayó|sobredosis|demasiadas (?:pastillas|píldoras)|infarto|ataque al corazón|derrame cerebral|\bictus\b|se (?:está )?(?:ahoga|asfixia|atraganta)|sangra (?:mucho|abundantemente)|suicid\w+|quitar(?:me|se) la vida|matarme|quiero morir|quiere morir|no quiero vivir/iu,
    advice:
      'Llame ahora al número de emergencias: 112 en España, 911 en gran parte de América. Quédese con la persona y siga las indicaciones. Si piensa en el suicidio, llame al 024 en España o dígaselo ahora a alguien cercano.',
  },
  {
    signs:
      /não (?:está )?respira(?:ndo)?|não consig[ao]o? respirar|sem pulso|desmaiou|inconsciente|(?:uma|de|em) overdose|comprimidos demais|ataque cardíaco|infarto|enfarte|\bavc\b|engasga\w*|sangra(?:ndo)? muito|suicíd\w+|me matar|se matar|tirar a (?:minha|própria) vida|quero morrer|quer morrer|não quero (?:mais )?viver/iu,
    advice:
      'Ligue agora para a emergência: 192 no Brasil, 112 em Portugal. Fique com a pessoa e siga as instruções. Se pensa em suicídio, ligue 188 no Brasil (CVV) ou 1411 em Portugal, ou fale já com alguém próximo.',
  },
  {
    signs:
      /не дыш|не могу дышать|не может дышать|перестал\p{L}* дышать|нет пульса|без сознания|потерял\p{L}* сознание|передозиров|слишком много таблеток|сердечный приступ|инфаркт|инсульт|задыха|подавил(?:ся|ась)|сильно(?:е)? кров|самоубий|суицид|покончить с собой|убить себя|хочу умереть|хочет умереть|не хочу жить/iu,
    advice:
      'Сейчас же звоните в скорую: 103 или 112. Оставайтесь с человеком и делайте то, что скажет диспетчер. Если вы думаете о самоубийстве, позвоните 112 или 8 800 2000 122 или скажите об этом сейчас близкому человеку.',
  },
  {
    signs:
      /没有?呼吸|停止呼吸|不能呼吸|无法呼吸|喘不过气|没有?脉搏|昏迷|失去意识|不省人事|(?:服|用|吸毒)[^，。]{0,4}过量|吃了太多药|心脏病发作|心梗|中风|窒息|噎住|大出血|流血不止|自杀|结束自己的生命|不想活|想死/u,
    advice:
      '请立即拨打急救电话 120（香港 999，台湾 119）。守在病人身边，按照接线员的指示去做。如果有自杀的念头，请拨打 12356 心理援助热线，或马上告诉身边的人。',
  },
  {
    signs:
      /لا (?:ي|ت|أ)ستطيع (?:ال)?تنفس|لا (?:ي|ت|أ)تنفس|توقف(?:ت)? عن التنفس|بلا نبض|لا نبض|فاقد\p{L}* (?:ال)?وعي|فقد\p{L}* الوعي|جرعة زائدة|حبوبا? كثيرة|أزمة قلبية|نوبة قلبية|جلطة|سكتة دماغية|يختنق|تختنق|(?:ي|ت)نزف|انتحار|أنتحر|ينتحر|قتل نفسي|أقتل نفسي|إنهاء حياتي|أريد أن أموت|لا أريد أن أعيش/u,
    advice:
      'اتصل الآن برقم الطوارئ في بلدك: 112 في كثير من البلدان، 997 في السعودية، 123 في مصر، 998 في الإمارات. ابق مع الشخص واتبع تعليمات المسعفين. إذا كنت تفكر في الانتحار فأخبر الآن شخصا قريبا منك.',
  },
];

/**
 * The advice for a text that tells of an emergency, in its language; undefined for any other text. Languages share words
 * ("overdose"): the longest match decides.
 */
export function emergencyAdvice(text: string): string | undefined {
  const found = EMERGENCIES.flatMap(({ signs, advice }) => {
    const match = signs.exec(text);
    return match ? [{ advice, length: match[0].length }] : [];
  });
  return found.sort((a, b) => b.length - a.length)[0]?.advice;
}
