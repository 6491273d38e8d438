"""Break-glass drills: break something in a simulated organization, run its runbook, prove from outside that it helped."""
