interface Flight<T> {
  current: Promise<T>;
  next?: Promise<T>;
}

/**
 * Lets callers that want the same work at the same time share one run. A caller that comes during a run shares the run after
 * it, because the present one may already have read past what the caller stored. So at most two runs of one key are open.
 * Results are shared: never change them.
 */
export class Coalescer {
  private readonly flights = new Map<string, Flight<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const flight = this.flights.get(key) as Flight<T> | undefined;
    if (!flight) return this.start(key, work);
    if (flight.next) return flight.next;
    const begin = (): Promise<T> => this.start(key, work);
    flight.next = flight.current.then(begin, begin);
    return flight.next;
  }

  private start<T>(key: string, work: () => Promise<T>): Promise<T> {
    const current = work();
    const flight: Flight<T> = { current };
    this.flights.set(key, flight);
    const land = (): void => {
      if (!flight.next) this.flights.delete(key);
    };
    current.then(land, land);
    return current;
  }
}
