export interface Template {
  title: string;
  /** What it shows, in one line. */
  note: string;
  requirement: string;
  /** The offline model can build it and prove at least one of its tasks. */
  isOffline: boolean;
}

/** Requirements that lead to good agents: a task, the facts, the rules. */
export const TEMPLATES: readonly Template[] = [
  {
    title: 'Support desk',
    note: 'Answers from facts that you state',
    requirement:
      'Build a customer support agent for our bakery that answers questions about opening hours, orders and returns. Our opening hours are Monday to Friday 7am to 6pm. Returns are accepted within 14 days. It must always be polite and must never discuss competitors.',
    isOffline: true,
  },
  {
    title: 'HR policy assistant',
    note: 'Quotes company rules',
    requirement:
      'HR policy assistant: answers employees’ questions about vacation. Every employee gets 28 days of vacation per year. Sick notes are due after 3 days. The HR office is in room 214.',
    isOffline: true,
  },
  {
    title: 'Time zone helper',
    note: 'Uses the built-in date tools',
    requirement:
      'An agent for scheduling meetings across time zones. It converts times between cities and counts the days until a deadline.',
    isOffline: true,
  },
  {
    title: 'Unit converter',
    note: 'Calculates with tools, not by guessing',
    requirement:
      'A cooking helper that converts recipe measurements between metric and imperial units and adjusts the number of portions.',
    isOffline: true,
  },
  {
    title: 'Museum guide',
    note: 'A friendly tone and a fixed set of facts',
    requirement:
      'A friendly museum guide for children. Our museum opens at 10:00 and closes at 18:00. The entrance fee is 8 euros. The dinosaur hall is on the second floor.',
    isOffline: true,
  },
  {
    title: 'Research team',
    note: 'Several roles that hand over work',
    requirement:
      'Create a multi-agent team: a researcher who finds arguments, a writer who drafts the article and an editor who reviews it. They hand over the work in turn.',
    isOffline: false,
  },
];

/** Definitions to begin with. Each can be published and run as it is. */
export const FLOW_TEMPLATES = [
  {
    title: 'Ask a person',
    yaml: `input_schema:
  type: object
  required: [request]
  properties:
    request: { type: string, title: Request, description: What is requested. }
    amount: { type: number, title: Amount, default: 120 }
timeout_seconds: 86400
steps:
  - id: check
    name: Check the amount
    transform: { is_large: "\${{ input.amount > 100.0 }}" }
  - id: person
    name: Ask a person
    needs: [check]
    when: steps.check.output.is_large
    approval: { roles: [developer], message: "Allow \${{ input.request }}?", expires_seconds: 86400, on_expiry: reject }
  - id: answer
    name: Write the answer
    needs: [person]
    transform: { text: "\${{ input.request }} is allowed" }
output: "\${{ steps.answer.output.text }}"
`,
  },
  {
    title: 'Wait and branch',
    yaml: `timeout_seconds: 3600
steps:
  - id: pause
    name: Wait a moment
    wait: { seconds: 3 }
  - id: route
    name: Choose a branch
    needs: [pause]
    switch:
      cases:
        - name: morning
          when: now.getHours() < 12
          steps:
            - id: greet_morning
              transform: Good morning
      default:
        - id: greet_later
          transform: Good day
`,
  },
  {
    title: 'For each item',
    yaml: `input_schema:
  type: object
  required: [names]
  properties:
    names: { type: array, items: { type: string }, title: Names, default: [Ada, Grace, Alan] }
timeout_seconds: 3600
steps:
  - id: greetings
    name: Greet everyone
    for_each:
      items: input.names
      max_parallel: 3
      steps:
        - id: greet
          transform: { text: "Hello \${{ item }}" }
output: "\${{ steps.greetings.output }}"
`,
  },
] as const;
