/** Who the agent is, as far as its system prompt says so. */
export interface Persona {
  name: string;
  role: string;
}

/** Reads the `Name:` and `Role:` lines that the runtime writes, else the first "You are ...". */
export function readPersona(system: string): Persona {
  const introduction = /\byou are (?:an? |the )?([^.\n]{1,200})/i.exec(system)?.[1]?.trim();
  const name = /^Name:[ \t]*(.{1,200})$/m.exec(system)?.[1]?.trim();
  const role = /^Role:[ \t]*(.{1,500})$/m.exec(system)?.[1]?.trim() ?? introduction;
  return { name: name ?? 'an assistant', role: withoutFullStop(role ?? 'a helpful assistant') };
}

/** One sentence in the first person. */
export function introduce({ name, role }: Persona): string {
  const known = /^(?:you are )?(.+)$/is.exec(role)?.[1] ?? role;
  return name === 'an assistant' ? `I am an assistant; my role: ${known}.` : `I am ${name}; my role: ${known}.`;
}

function withoutFullStop(text: string): string {
  return text.replace(/(?<![.\s])[.\s]+$/, '');
}
