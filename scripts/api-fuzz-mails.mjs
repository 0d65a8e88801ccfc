// A mail server that accepts every message and keeps those to the accounts of seed.py. Prints its port.
import { createWriteStream, renameSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';
const onData = (stream, { envelope }, done) => {
  const { address } = envelope.rcptTo[0];
  if (!/^seeded-[a-z0-9-]+@example\.com$/.test(address)) return void stream.resume().on('end', done);
  const file = `${process.env.NEXUS_FUZZ_MAILS}/${address}`;
  const store = () => {
    renameSync(`${file}.part`, file);
    done();
  };
  stream.pipe(createWriteStream(`${file}.part`)).on('finish', store);
};
const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], onData });
server.on('error', () => undefined);
server.listen(0, '127.0.0.1', () => console.log(server.server.address().port));
