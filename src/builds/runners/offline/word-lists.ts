/** Base forms of what agents are asked to do. A clause counts as a capability when it has one of these. */
export const ACTION_VERBS: ReadonlySet<string> = new Set(
  `add adjust advise analyse analyze answer arrange assess assign assist book brainstorm calculate categorise categorize
  check classify collect compare compile compose compute configure confirm convert correct count create criticise
  debug decide define deliver describe design detect diagnose discuss draft edit encourage escalate estimate evaluate
  examine explain extract fetch filter find fix flag follow forecast format gather generate give grade greet guide
  handle help identify improve inform inspect interview introduce investigate keep list log look maintain make manage
  measure merge moderate monitor motivate negotiate notify offer optimise optimize order organise organize parse
  perform plan practise practice predict prepare present prioritise prioritize process produce propose proofread
  provide publish qualify query quiz rank rate read recommend reconcile record refer register rehearse remember remind
  rephrase reply report request research resolve respond retrieve review rewrite route save scan schedule score search
  select sell send show simplify solve sort split store structure suggest sum summarise summarize support tag teach
  tell test track train transform translate triage troubleshoot tutor understand update validate verify warn watch
  welcome work write`.split(/\s+/),
);

/** Verbs with which a requirement asks for the agent itself. */
export const LEAD_VERBS: ReadonlySet<string> = new Set(
  'build create make need want develop design give get have set implement write'.split(' '),
);

export const AGENT_NOUNS: readonly string[] =
  `agent assistant bot chatbot helper tutor advisor adviser coach concierge companion copilot planner analyst expert guide reviewer checker generator trainer
  mentor consultant translator secretary receptionist librarian`.split(/\s+/);

export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above across after again all almost also although always am among an and another any anything are around as
  at away back based be because been before being below best better between both but by can cannot case could customer
  day days did do does doing done down each either else enough even every everything few first for from further get
  give given good had has have having he her here hers him his how i if in including into is it its itself just kind
  know last least less let like made make many may maybe me might more most much must my need needs never new next no
  none nor not nothing now of off often on once one only or other others our ours out over own part per please possible
  rather really same second see several shall she should simple since so some someone something sometimes still such
  sure take than that the their them then there these they thing things this those three through thus time to today
  together too two type under until up upon us use used user users using various very via want wants was way we well
  were what whatever when where whether which while people remain who whole whose why will with within without would year yes yet you
  your yours`.split(/\s+/),
);

/** Adjectives that set the tone, with how the agent is told about them. */
export const TONES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    friendly: 'friendly',
    warm: 'warm',
    formal: 'formal',
    polite: 'polite',
    professional: 'professional',
    concise: 'concise',
    brief: 'concise',
    short: 'concise',
    detailed: 'detailed',
    thorough: 'detailed',
    patient: 'patient',
    playful: 'playful',
    fun: 'playful',
    humorous: 'humorous',
    funny: 'humorous',
    witty: 'humorous',
    empathetic: 'empathetic',
    compassionate: 'empathetic',
    cheerful: 'cheerful',
    neutral: 'neutral',
    objective: 'neutral',
    calm: 'calm',
    encouraging: 'encouraging',
    motivating: 'encouraging',
    casual: 'casual',
    informal: 'casual',
    serious: 'serious',
    simple: 'plain',
    plain: 'plain',
    strict: 'strict',
    persuasive: 'persuasive',
  }),
);
