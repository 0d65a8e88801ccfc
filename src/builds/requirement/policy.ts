import { sentencesOf } from './words.js';

/** A rule of the policy in docs/requirement-policy.md, which lists the same ids and texts. */
export interface PolicyRule {
  id: string;
  /** What is refused. Also part of the prompt that a language model judges by. */
  text: string;
  /** Each entry is what a sentence must contain to break the rule, in English, German, French, Spanish, Portuguese, Russian, Chinese or Arabic. */
  signs: readonly (readonly RegExp[])[];
}

const MAKES =
  /\b(?:writ|creat|build|spread|deploy|develop|generat|mak(?:e|ing)|distribut|launch|produc|synthesi|assembl|help)|erstell|schreib|verbreit|\bbau|cré[eé]|écri|diffus|fabri|\bcrea|\bcría|escrib|difund|\bcri[ae]|escrev|созда|пиш|напис|распростран|дела|编写|制作|制造|传播|生成|开发|创建|أنشئ|ينشئ|يكتب|اكتب|ينشر|صنع|يصنع/iu;
const MALWARE =
  /\b(?:ransomware|malware|computer virus\w*|keyloggers?|trojans?|spyware|botnets?|rootkits?|ddos)\b|erpressungssoftware|schadsoftware|rançongiciel|logiciels? malveillant|secuestro de datos|вымогател|вредонос|勒索软件|恶意软件|木马|برامج الفدية|برنامج فدية|برامج خبيثة|برنامج خبيث/iu;
const BREAKS_IN =
  /\b(?:hack(?:s|ing|ed)?|break(?:s|ing)? into|crack(?:s|ing)?|hijack(?:s|ing)?)\b|einbrech|einbricht|einzubrechen|\bhackt|\bknackt|\bpirate|s'introdui|hackea|piratea|\binvad|взлам|взлом|入侵|黑进|黑入|破解|يخترق|اختراق|اخترق/iu;
const SYSTEM =
  /\b(?:exchanges?|nyse|nasdaq|banks?|accounts?|passwords?|systems?|networks?|servers?|phones?|websites?|computers?|wi-?fi|e-?mails?)\b|börse|konten|konto|systeme|netzwerk|banque|bourse|comptes?\b|systèmes?|cuentas?\b|bolsa|banco|sistema|contas?\b|бирж|банк|аккаунт|счет|сет[ьи]|交易所|银行|账户|账号|系统|网络|بورصة|بنك|بنوك|حساب|أنظمة|نظام/iu;
const SECRETLY =
  /\b(?:secretly|covertly|without (?:her|his|their|them|him|anyone) (?:\w+ )?(?:know\w*|consent|notic\w*))\b|heimlich|ohne (?:ihr|sein|deren) wissen|en secret|secrètement|à (?:son|leur) insu|en secreto|sin que (?:lo )?sepa|em segredo|sem que saiba|secretamente|тайно|тайком|незаметно|без (?:её|ее|его|их) ведома|偷偷|秘密|暗中|سرا|دون علم/iu;
const FOLLOWS =
  /\b(?:track|follow|locat|watch|record|monitor|film|listen)|verfolg|überwach|ortet|beobacht|suiv|suit|localis|surveill|rastre|sigue|vigil|persegu|segu[ei]|следи|отслеж|наблюд|跟踪|监视|定位|监听|يتتبع|يراقب|تتبع|مراقبة/iu;
const STALKS =
  /\bstalk(?:s|ing)?\b|\bspy(?:ing)? on (?:my|a|the|his|her)\b|\bspies on\b|ausspion|\bstalkt|espionne|\bespía a|\bespiar\b|\bespion(?:a|ar)\b|шпионит за|يتجسس على/iu;
const WEAPON =
  /\b(?:(?<!bath )bombs?|explosives?|nerve agents?|sarin|chemical weapons?|bioweapons?|methamphetamine|pipe bombs?)\b|sprengstoff|\bbomben?\b|explosifs?\b|explosivos?\b|\bbombas?\b|бомб|взрывчат|炸弹|炸药|قنبلة|قنابل|متفجرات/iu;
const STEALS =
  /\b(?:steal(?:s|ing)?|phish(?:es|ing)?|scams?|defrauds?|launders?|laundering|counterfeits?|forges?)\b|stiehlt|stehlen|phishing|geldwäsche|\bvole(?:r|nt)?\b|hameçonnage|blanchi|\broba(?:r)?\b|estafa|\brouba(?:r)?\b|golpes?\b|крад|украсть|мошенн|фишинг|盗取|窃取|诈骗|钓鱼邮件|洗钱|يسرق|سرقة|احتيال|تصيد/iu;
const VALUABLE =
  /\b(?:passwords?|credit cards?|identit(?:y|ies)|credentials?|money|mails?|e-?mails?|messages?|people|victims?|customers?|documents?|passports?|invoices?|banks?|elderly|pensioners?)\b|passwört|kreditkart|geld|mots de passe|cartes? (?:bancaires?|de crédit)|argent|contraseñas?|tarjetas?|dinero|senhas?|cartões|dinheiro|парол|карт|деньг|пенсионер|людей|密码|信用卡|钱|邮件|老人|كلمات المرور|كلمات السر|بطاقات|أموال|المال|الناس/iu;
const HURTS =
  /\b(?:kill(?:s|ing)?|murder(?:s|ing)?|blackmail(?:s|ing)?|extorts?|extorting|threatens?|harass(?:es|ing)?|bull(?:y|ies|ying)|traffics?|trafficking)\b|\btötet|ermord|erpresst|bedroht|belästigt|\btue\b|assassin|fait chanter|menace|harcèle|\bmata\b|asesin|chantaj|amenaza|acosa|ameaça|assedia|chantage|убива|шантаж|угрожа|травит|杀死|谋杀|勒索(?!软件)|威胁|骚扰|يقتل|يبتز|ابتزاز|يهدد|يتحرش/iu;
const PERSON =
  /\b(?:people|persons?|someone|somebody|neighbou?rs?|colleagues?|ex|wife|husband|girlfriend|boyfriend|classmates?|child(?:ren)?|minors?|customers?|debtors?|humans?|women|men)\b|menschen|nachbarn|kollegen|personen|personnes?|voisins?|collègues?|personas?|vecinos?|compañeros?|pessoas|vizinhos?|colegas?|люд|сосед|коллег|别人|他人|邻居|同事|人们|الناس|الجيران|جار|زملاء|شخص/iu;

export const POLICY: readonly PolicyRule[] = [
  {
    id: 'P-1',
    text: 'Software that damages, locks or spies on systems of others, or breaking into systems and accounts.',
    signs: [
      [MAKES, MALWARE],
      [BREAKS_IN, SYSTEM],
    ],
  },
  {
    id: 'P-2',
    text: 'Following, locating or watching a person in secret.',
    signs: [[STALKS], [SECRETLY, FOLLOWS]],
  },
  {
    id: 'P-3',
    text: 'Making weapons, explosives, poisons or illegal drugs.',
    signs: [[MAKES, WEAPON]],
  },
  {
    id: 'P-4',
    text: 'Theft and fraud: stealing data or money, phishing, forged documents, money laundering.',
    signs: [[STEALS, VALUABLE]],
  },
  {
    id: 'P-5',
    text: 'Violence, threats, blackmail, harassment, trafficking or abuse, and leading people to harm themselves.',
    signs: [
      [HURTS, PERSON],
      [/\b(?:encourag|convinc|persuad|talk)\w*/iu, /\b(?:suicide|kill themselves|harm themselves|self-harm)\b/iu],
    ],
  },
];

/** Sentences about preventing harm speak of it and are allowed. */
const PROTECTS =
  /\b(?:detect|prevent|protect|recogni[sz]|aware|defend|block|avoid|filter|educat|victims of|survivors?|warn|spot|never|must not|do not|does not|refus|history|novel|story|research on)|erkenn|schütz|verhinder|warn|\bnie(?:mals)?\b|détect|protège|protég|préven|évit|jamais|\bproteg|preven|\bevit|nunca|обнаруж|защи|предотвра|предупрежд|никогда|检测|防范|防止|保护|识别|预防|绝不|يكشف|كشف|حماية|يحمي|منع|يمنع|توعية/iu;

/** The rule that a requirement breaks by the words of one of its sentences; undefined for none. */
export function brokenRule(requirement: string): PolicyRule | undefined {
  for (const sentence of sentencesOf(requirement)) {
    if (PROTECTS.test(sentence)) continue;
    const broken = POLICY.find(({ signs }) => signs.some((all) => all.every((sign) => sign.test(sentence))));
    if (broken) return broken;
  }
  return undefined;
}

/** The policy as a prompt lists it. */
export const POLICY_IN_WORDS = POLICY.map(({ id, text }) => `${id}: ${text}`).join(' ');
