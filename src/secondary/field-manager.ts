/** The name under which the secondary writes; `kubectl get --show-managed-fields` shows it. */
export const fieldManager = 'conjoin-secondary'
