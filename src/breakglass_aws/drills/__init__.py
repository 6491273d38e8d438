"""Break-glass drills: break something in a simulated organization, run its runbook, and prove that it helped."""
