interface Flight<T> {
  current: Promise<T>;
  next?: Promise<T>;
}

/**
 * Lets callers that want the same thing at the same time share one read, and still answers each with a state no older than
 * its call: who comes while a read is under way shares the one after it, because the one under way may have looked already.
 * So at most two reads of one key are open, however many callers there are. Results are shared: never change them.
 */
export class SharedReads {
  private readonly flights = new Map<string, Flight<unknown>>();

  read<T>(key: string, read: () => Promise<T>): Promise<T> {
    const flight = this.flights.get(key) as Flight<T> | undefined;
    if (!flight) return this.start(key, read);
    if (flight.next) return flight.next;
    const begin = (): Promise<T> => this.start(key, read);
    flight.next = flight.current.then(begin, begin);
    return flight.next;
  }

  private start<T>(key: string, read: () => Promise<T>): Promise<T> {
    const current = read();
    const flight: Flight<T> = { current };
    this.flights.set(key, flight);
    const land = (): void => {
      if (!flight.next) this.flights.delete(key);
    };
    current.then(land, land);
    return current;
  }
}
