"""`breakglass lint-policy`: would a policy lock its administrators out? Read from files, without AWS."""
