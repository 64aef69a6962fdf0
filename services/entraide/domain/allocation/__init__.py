"""The allocation of pôles to needs: ``modele`` (values), ``allouer`` (the plan), ``plan`` (its cost and its rules)."""
