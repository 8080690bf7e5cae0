"""The mode Agents: who may send through what, and with which token."""
