"""Rules looked at as a whole: conditions that never change, packs for nobody, what nothing reads,
and the limits and slips that cases should tell apart."""
