/** The name under which the primary writes; `kubectl get --show-managed-fields` shows it. */
export const fieldManager = 'conjoin-primary'
