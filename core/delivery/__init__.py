"""From an allowed draft to the server's answer: composing, the outbox, the transports."""
