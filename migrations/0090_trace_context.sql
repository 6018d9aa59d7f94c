-- Where the trace of an event goes on: a traceparent, and after a space the tracestate, if there is one. Null: none is
-- known. Only what was read by the rules of W3C and written anew is stored.
alter table event add column trace_context text;
