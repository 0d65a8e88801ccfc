import type { Coverage } from '../../shared/coverage.js';
import { clip } from './words.js';

export const REQUIREMENT_KINDS = ['functional', 'quality', 'constraint', 'knowledge'] as const;
export type RequirementKind = (typeof REQUIREMENT_KINDS)[number];

export interface NumberedRequirement {
  /** `R-1`, `R-2`, … */
  id: string;
  kind: RequirementKind;
  text: string;
}

export const PROOF_STATUSES = ['proven', 'unproven', 'contradicted'] as const;
export type ProofStatus = (typeof PROOF_STATUSES)[number];

/** A requirement with what the acceptance examples say about it. */
export interface RequirementProof extends NumberedRequirement {
  status: ProofStatus;
  /** Ids of the examples that count for it. */
  examples: string[];
}

/** What coverage reads of an example. `passed` is absent before the examples have run. */
export interface Evidence {
  id: string;
  input: string;
  checks: readonly { kind: string }[];
  judged: string | null;
  /** Ids of the requirements that the example claims to exercise. Absent in documents of version 1.0.0. */
  proves?: readonly string[];
  passed?: boolean;
  /** The judge's verdict, when there was one. */
  verdict?: { passed: boolean } | null;
}

/**
 * The status of each requirement. Before the examples have run, each of them counts as passed: the result then says what
 * can be proven at all.
 */
export function proofsOf(
  requirements: readonly NumberedRequirement[],
  examples: readonly Evidence[],
): RequirementProof[] {
  return requirements.map((requirement) => {
    const own = examples.filter((example) => example.proves?.includes(requirement.id) && counts(example));
    const failed = own.some((example) => example.passed === false || example.verdict?.passed === false);
    const status = own.length === 0 ? 'unproven' : failed ? 'contradicted' : 'proven';
    return { ...requirement, status, examples: own.map(({ id }) => id) };
  });
}

/** Without a check that a wrong answer would fail, or a verdict, an example shows nothing. */
function counts({ input, checks, judged, passed, verdict }: Evidence): boolean {
  if (asksForGeneralAbility(input)) return false;
  const discriminates = checks.some(({ kind }) => kind !== 'non_empty');
  const isJudged = passed === undefined ? judged !== null : verdict !== undefined && verdict !== null;
  return discriminates || isJudged;
}

/** Greetings, questions about the agent itself and what joins them, in the languages that most requirements are written in. */
const GENERAL: readonly string[] = [
  'hi|hello|hey|there|good morning|good day|good evening|please|and|thanks|thank you|who are you|what are you|introduce yourself|tell me about yourself|what is your name|what s your name|what is your role|what is your purpose|what can you do|what do you do|for me|how can you help|how can you help me|can you help me|can you help|help me|help|what are you able to do|what are you good at',
  'hallo|guten tag|bitte|und|wer bist du|wer sind sie|was kannst du|was können sie|was kannst du tun|was können sie tun|für mich|stell dich vor|stellen sie sich vor|wie heißt du',
  'bonjour|salut|s il vous plaît|et|qui es tu|qui êtes vous|que peux tu faire|que pouvez vous faire|que sais tu faire|que savez vous faire|pour moi|présente toi|présentez vous',
  'hola|buenos días|por favor|y|quién eres|quién es usted|qué puedes hacer|qué puede hacer|qué sabes hacer|por mí|preséntate',
  'olá|oi|bom dia|e|quem é você|quem és tu|o que você pode fazer|o que você sabe fazer|o que podes fazer|por mim|apresente se',
  'привет|здравствуйте|и|кто ты|кто вы|что ты умеешь|что вы умеете|что ты можешь|что вы можете|делать|представься',
  '你好|您好|请|你是谁|您是谁|你能做什么|您能做什么|你会做什么|你可以做什么|介绍一下你自己|介绍一下自己|自我介绍',
  'مرحبا|أهلا|السلام عليكم|و|من أنت|من انت|ماذا يمكنك أن تفعل|ماذا تستطيع أن تفعل|عرف نفسك',
]
  .flatMap((language) => language.split('|'))
  .sort((a, b) => b.length - a.length);

/** Whether a message exercises nothing that a requirement asks for: it greets, or asks who the agent is or what it can do. */
export function asksForGeneralAbility(input: string): boolean {
  if (input.length > GENERAL_MAX) return false;
  let rest = input
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  while (rest !== '') {
    const phrase = GENERAL.find((one) => startsWith(rest, one));
    if (phrase === undefined) return false;
    rest = rest.slice(phrase.length).trimStart();
  }
  return true;
}

const GENERAL_MAX = 300;

/** Chinese is written without spaces; elsewhere a phrase ends with its last word. */
function startsWith(text: string, phrase: string): boolean {
  const after = text.charAt(phrase.length);
  return text.startsWith(phrase) && (after === '' || after === ' ' || /\p{Script=Han}/u.test(phrase));
}

const NAMED_MAX = 5;

export function coverageOf(proofs: readonly RequirementProof[]): Coverage {
  const count = (status: ProofStatus): number => proofs.filter((proof) => proof.status === status).length;
  const [proven, total] = [count('proven'), proofs.length];
  return {
    proven,
    unproven: count('unproven'),
    contradicted: count('contradicted'),
    total,
    share: total === 0 ? 0 : Math.round((proven / total) * 100) / 100,
    warning: warningOf(proofs),
  };
}

/** Functional requirements are named first. */
function warningOf(proofs: readonly RequirementProof[]): string | null {
  const open = proofs.filter(({ status }) => status !== 'proven');
  if (open.length === 0) return null;
  const ordered = [...open.filter(isFunctional), ...open.filter((proof) => !isFunctional(proof))];
  const named = ordered.slice(0, NAMED_MAX).map(({ id, text }) => `${id} (${clip(text, 80)})`);
  const more = ordered.length > NAMED_MAX ? ` and ${ordered.length - NAMED_MAX} more` : '';
  const counted = `${open.length} of ${proofs.length} ${proofs.length === 1 ? 'requirement' : 'requirements'}`;
  const [are, them] = open.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return `${counted} ${are} not proven: ${named.join(', ')}${more}. Test ${them} before you rely on this agent.`;
}

export function isFunctional({ kind }: Pick<NumberedRequirement, 'kind'>): boolean {
  return kind === 'functional';
}
