"""What the wire means, decided without touching it: no sockets, no loop, no clock, no dice.

sse         bytes to events                      wire        requests to JSON, JSON to replies
chunks      events to chunks, and the ending     accumulate  chunks to a completion
events      chunks to what happened              retry       whether and when to try again
schema      a type to what strict mode accepts   output      JSON to a type
partial     JSON that is not whole yet to a type
"""
