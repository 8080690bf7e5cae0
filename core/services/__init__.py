"""What a user can do: one class per subject, each method one action with a frozen result."""
