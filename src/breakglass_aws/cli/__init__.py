"""The command `breakglass`: what it takes and prints. What it does is in the engine, the sandbox and the drills."""
