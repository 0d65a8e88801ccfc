import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState, type ReactElement, type ReactNode } from 'react';
import { texts } from '../texts';
import { ErrorBox } from './ui';

interface SavingFormProps {
  /** What the button says. */
  label: string;
  /** Sends what was entered. What it throws is shown, and the form stays as it is. */
  onSave: () => Promise<void>;
  disabled?: boolean;
  autoComplete?: 'off';
  children: ReactNode;
}

/** A form with one button. It is busy until what it sends is answered. */
export function SavingForm({ label, onSave, disabled = false, autoComplete, children }: SavingFormProps): ReactElement {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await onSave();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      {...(autoComplete === undefined ? {} : { autoComplete })}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack>
        {children}
        {error !== undefined && <ErrorBox error={error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={disabled}>
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string | undefined;
  size?: 'lg';
  children: ReactNode;
}

/** A form or a question over the page. */
export function Dialog({ opened, onClose, title, size = undefined, children }: DialogProps): ReactElement {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      {...(size === undefined ? {} : { size })}
      title={<Text fw={650}>{title}</Text>}
      closeButtonProps={{ 'aria-label': texts.actions.close }}
    >
      {children}
    </Modal>
  );
}
